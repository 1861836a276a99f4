"""``prompt-policy check``: find every mistake in policy files."""

from __future__ import annotations

from dataclasses import asdict

import typer

from prompt_policy.cli._options import Paths
from prompt_policy.errors import LoadError, Problem
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.load import load_paths


def check(paths: Paths, format_: FormatOption = Format.TEXT) -> None:
    """Find every mistake in policy files, each with its file, line and column.

    Exit code 0: none; 1: mistakes were found; 2: wrong use.
    """
    problems: tuple[Problem, ...] = ()
    names: list[str] = []
    try:
        names = [policy.name for policy in load_paths(paths).policies]
    except LoadError as error:
        problems = error.problems
    if format_ is Format.JSON:
        print_json({"policies": names, "problems": [asdict(problem) for problem in problems]})
    elif problems:
        typer.echo("\n".join(str(problem) for problem in problems))
    else:
        typer.echo(f"{len(names)} {'policy' if len(names) == 1 else 'policies'} checked, no mistakes")
    if problems:
        raise typer.Exit(FINDINGS)
