"""``prompt-policy vllm command``: print the command that would start vLLM."""

from __future__ import annotations

import typer

from prompt_policy.console import FINDINGS
from prompt_policy.errors import UsageError
from prompt_policy.launcher.cli.options import with_vllm_options
from prompt_policy.launcher.command import LaunchPlan, build_launch_spec, format_shell_command
from prompt_policy.launcher.preflight import find_problems, find_warnings


@with_vllm_options
def command(plan: LaunchPlan) -> None:
    """Print the exact command that would start vLLM, without starting it.

    Problems that would make the start fail are printed to standard error.

    Exit code 0: no problem found; 1: the start would fail; 2: invalid usage.
    """
    problems = find_problems(plan)
    if plan.installation.problem:
        raise UsageError("\n".join(problems))
    typer.echo(format_shell_command(plan, build_launch_spec(plan)))
    for line in (*problems, *find_warnings(plan)):
        typer.echo(line, err=True)
    if problems:
        raise typer.Exit(FINDINGS)
