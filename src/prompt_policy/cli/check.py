"""``prompt-policy check``: report every error in policy files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from prompt_policy.console import FINDINGS, Format, FormatOption, PathsArgument, print_json
from prompt_policy.errors import LoadError, Problem
from prompt_policy.policy.lint import lint_set
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.names.selection import PolicySet


def check(
    paths: PathsArgument,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Also report what is valid but looks wrong: rules that never act, undo or repeat each other, change "
            "their own output again, or invalidate the engine's prefix cache; conditions that never hold; unknown "
            "tasks, languages and parameters; escape sequences that YAML does not interpret; rules without a source; "
            "a policy that applies to no model.",
        ),
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Report every error in policy files, with file, line and column.

    Exit code 0: no errors; 1: errors were found; 2: wrong usage.
    """
    problems: list[Problem] = []
    names: list[str] = []
    try:
        policies = load_paths(paths)
        names = [policy.name for policy in policies.policies]
        if strict:
            problems = lint_set(policies) + _find_unstable(policies)
    except LoadError as error:
        problems = list(error.problems)
    problems = sorted(set(problems))
    if format_ is Format.JSON:
        print_json({"policies": names, "problems": [asdict(problem) for problem in problems]})
    elif problems:
        typer.echo("\n".join(str(problem) for problem in problems))
    else:
        typer.echo(f"{len(names)} {'policy' if len(names) == 1 else 'policies'} checked, no errors")
    if problems:
        raise typer.Exit(FINDINGS)


def _find_unstable(policies: PolicySet) -> list[Problem]:
    from prompt_policy.authoring.idempotence import find_unstable_rules  # only --strict needs it

    return [
        policies.source_maps[policy.name].problem_at(finding.rule, finding.message)
        for policy in policies.policies
        for finding in find_unstable_rules(policy)
    ]
