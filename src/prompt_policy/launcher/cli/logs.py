"""``prompt-policy vllm logs``: print the log of a vLLM."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.errors import UsageError
from prompt_policy.launcher.state.instance import DEFAULT_INSTANCE, Instance
from prompt_policy.launcher.state.logfile import follow_log, read_last_lines


def logs(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the vLLM.")] = DEFAULT_INSTANCE,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new lines as they arrive, until the vLLM ends.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Number of lines from the end.")] = 100,
) -> None:
    """Print the end of a vLLM's log, also after the vLLM has ended."""
    instance = Instance(name, os.environ)
    state = instance.read()
    if state is None or not Path(state.log).exists():
        raise UsageError(f"no vLLM named '{name}' has a log")
    path = Path(state.log)
    new_lines = follow_log(path) if follow else None
    if new_lines is not None:
        next(new_lines)  # opens the file, so that no line is missed between the two reads
    for line in read_last_lines(path, lines):
        typer.echo(line)
    for new_line in new_lines or ():
        if new_line is not None:
            typer.echo(new_line)
        elif not instance.is_running():
            return
