"""``prompt-policy diff``: compare two versions of a policy over recorded requests."""

from __future__ import annotations

from typing import Annotated

import typer

from prompt_policy.authoring.diff import diff_requests
from prompt_policy.authoring.recorded_requests import read_requests
from prompt_policy.console import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.loader import load
from prompt_policy.runtime import Pipeline


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A policy file or a shipped name.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another version of the policy.")],
    requests: Annotated[
        str, typer.Option("--requests", metavar="PATH", help="Request bodies: a JSON file, JSON lines, or a folder.")
    ],
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare two versions of a policy over requests: the outgoing requests, and the rules that filter the answers.

    Exit code 0: all requests are treated alike; 1: some are treated differently; 2: wrong usage.
    """
    one, other = Pipeline(load(before)), Pipeline(load(after))
    found = {asked.name: diff_requests(one, other, asked.body, asked.endpoint) for asked in read_requests(requests)}
    differing = {name: changes for name, changes in found.items() if changes}
    if format_ is Format.JSON:
        print_json({"requests": len(found), "different": differing})
    else:
        for name, changes in differing.items():
            typer.echo(name)
            typer.echo("\n".join(f"  {change}" for change in changes))
        typer.echo(f"{len(differing)} of {len(found)} requests are treated differently")
    if differing:
        raise typer.Exit(FINDINGS)
