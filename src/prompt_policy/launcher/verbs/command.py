"""``prompt-policy vllm command``: show what would be started."""

from __future__ import annotations

import typer

from prompt_policy.launcher.app_options import with_vllm_options
from prompt_policy.launcher.command import Plan, launch_of, shell_line
from prompt_policy.launcher.preflight import findings, warnings


@with_vllm_options
def command(plan: Plan) -> None:
    """Print the exact command that would start vLLM, and start nothing.

    What would make it fail is told on standard error.

    Exit code 0: nothing was found; 1: the start would fail; 2: wrong use.
    """
    typer.echo(shell_line(plan, launch_of(plan)))
    found = findings(plan)
    for line in (*found, *warnings(plan)):
        typer.echo(line, err=True)
    if found:
        raise typer.Exit(1)
