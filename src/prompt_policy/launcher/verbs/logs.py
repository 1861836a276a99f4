"""``prompt-policy vllm logs``: what a vLLM said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.errors import UsageError
from prompt_policy.launcher.instance import DEFAULT, Instance
from prompt_policy.launcher.logfile import following, last_lines


def logs(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which vLLM.")] = DEFAULT,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until it ends.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines from the end.")] = 100,
) -> None:
    """Print the end of a vLLM's log, of one that has ended too."""
    instance = Instance(name, os.environ)
    state = instance.read()
    if state is None or not Path(state.log).exists():
        raise UsageError(f"no vLLM named '{name}' has left a log")
    path = Path(state.log)
    coming = following(path) if follow else None
    if coming is not None:
        next(coming)  # from here on nothing is missed
    for line in last_lines(path, lines):
        typer.echo(line)
    for line_ in coming or ():
        if line_ is not None:
            typer.echo(line_)
        elif not instance.is_running():
            return
