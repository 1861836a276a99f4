"""``prompt-policy diff``: what changes for whom between two versions of a policy."""

from __future__ import annotations

from typing import Annotated

import typer

from prompt_policy.cli._requests import requests_in
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.load import load
from prompt_policy.runtime import Pipeline
from prompt_policy.workshop.compared import compared


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A policy file or a shipped name.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another version of it.")],
    requests: Annotated[
        str, typer.Option("--requests", metavar="PATH", help="A request's body as JSON, JSON lines, or a folder.")
    ],
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare two versions of a policy over requests: what each sends on, and which rules filter the answer.

    Exit code 0: no request is treated differently; 1: some are; 2: wrong use.
    """
    one, other = Pipeline(load(before)), Pipeline(load(after))
    found = {asked.name: compared(one, other, asked.body, asked.endpoint) for asked in requests_in(requests)}
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
