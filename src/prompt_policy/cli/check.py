"""``prompt-policy check``: find every mistake in policy files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from prompt_policy.cli._options import Paths
from prompt_policy.errors import LoadError, Problem
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.load import advice_on, load_paths


def check(
    paths: Paths,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Find what is allowed and seems wrong, too: rules that never act, undo or repeat each other, or break "
            "the engine's prefix cache; rules without a source.",
        ),
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Find every mistake in policy files, each with its file, line and column.

    Exit code 0: none; 1: mistakes were found; 2: wrong use.
    """
    problems: list[Problem] = []
    names: list[str] = []
    try:
        policies = load_paths(paths)
        names = [policy.name for policy in policies.policies]
        if strict:
            for policy in policies.policies:
                problems += advice_on(policy, policies.files[policy.name])
    except LoadError as error:
        problems = list(error.problems)
    problems = sorted(set(problems))
    if format_ is Format.JSON:
        print_json({"policies": names, "problems": [asdict(problem) for problem in problems]})
    elif problems:
        typer.echo("\n".join(str(problem) for problem in problems))
    else:
        typer.echo(f"{len(names)} {'policy' if len(names) == 1 else 'policies'} checked, no mistakes")
    if problems:
        raise typer.Exit(FINDINGS)
