"""``prompt-policy vllm start``: start vLLM and wait until it is ready."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.console import Console
from prompt_policy.errors import UsageError
from prompt_policy.launcher.cli.options import with_vllm_options
from prompt_policy.launcher.command import LaunchPlan, build_launch_spec
from prompt_policy.launcher.preflight import find_problems, find_warnings
from prompt_policy.launcher.state.instance import DEFAULT_INSTANCE, Instance
from prompt_policy.launcher.state.logfile import LogFile
from prompt_policy.launcher.supervise.daemon import start_daemon
from prompt_policy.launcher.supervise.ready_check import ReadyCheck
from prompt_policy.launcher.supervise.shutdown import RunEnded, monitor_shutdown
from prompt_policy.launcher.supervise.supervisor import SupervisorSpec, supervise
from prompt_policy.launcher.supervise.vllm_process import DEFAULT_VLLM_TIMEOUT_S

TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Maximum time until vLLM is ready.")
]
ReadyCheckOption = Annotated[
    ReadyCheck,
    typer.Option(
        "--ready-check",
        help="Request of one token that vLLM must answer before it is ready; none: only its health check.",
    ),
]


@with_vllm_options
def start(  # noqa: PLR0913 - one argument for each option
    plan: LaunchPlan,
    *,
    name: Annotated[str, typer.Option(help="Name of this vLLM, to run several.")] = DEFAULT_INSTANCE,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once vLLM is ready, and leave it running.")
    ] = False,
    log_file: Annotated[
        Path | None,
        typer.Option(help="File for vLLM's log, rotated every 50 MiB. Default: vllm.log in the state folder."),
    ] = None,
    timeout: TimeoutOption = DEFAULT_VLLM_TIMEOUT_S,
    ready_check: ReadyCheckOption = ReadyCheck.CHAT,
    no_preflight: Annotated[
        bool, typer.Option("--no-preflight", help="Start even if the preflight checks find a problem.")
    ] = False,
) -> None:
    """Start vLLM, wait until it answers a request, and report the cause in one line if it fails.

    Preflight checks run first, in less than two seconds; if they find a problem, vLLM is not started. In the
    foreground, Ctrl-C ends vLLM with all its processes; so does any other end of this command, SIGKILL included.

    Exit code 0: stopped, or running with --detach; 1: vLLM failed to start, or died; 2: invalid usage, not started.
    """
    console = Console()
    report_preflight(plan, console, enforce=not no_preflight)
    instance, launch = Instance(name, os.environ), build_launch_spec(plan)
    spec = SupervisorSpec(instance, launch, log_file.absolute() if log_file else instance.log, timeout, ready_check)
    ending = (_run_in_background if detach else _run_in_foreground)(spec, console)
    if ending is not None:
        console.print(str(ending))
        raise typer.Exit(ending.status)


def report_preflight(plan: LaunchPlan, console: Console, *, enforce: bool = True) -> None:
    """Print the warnings for a plan. Raise UsageError with its problems, or without ``enforce`` print them too."""
    for line in find_warnings(plan):
        console.print(f"warning: {line}")
    problems = find_problems(plan)
    if problems and enforce:
        raise UsageError("\n".join(problems))
    for line in problems:
        console.print(f"warning: {line}")


def _run_in_foreground(spec: SupervisorSpec, console: Console) -> RunEnded | None:
    with ExitStack() as stack:
        on_progress = stack.enter_context(console.progress(f"vLLM at {spec.launch.root}"))

        def on_ready() -> None:
            stack.close()
            typer.echo(_format_ready_line(spec))

        return supervise(spec, on_progress, on_ready)


def _format_ready_line(spec: SupervisorSpec) -> str:
    return f"ready: {spec.launch.root}/v1 (model {spec.launch.served_name})"


def _run_in_background(spec: SupervisorSpec, console: Console) -> RunEnded | None:
    instance = spec.instance
    with instance.hold_lock():  # report an invalid name or log before the supervisor starts
        LogFile(spec.log).close()
    supervisor = start_daemon(spec)
    with monitor_shutdown() as monitor, console.progress(f"vLLM at {spec.launch.root}") as on_progress:
        reported = ""
        while (state := instance.read()) is None or state.pid != supervisor.pid or state.phase == "starting":
            if supervisor.poll() is not None:
                break
            if state is not None and state.pid == supervisor.pid and state.stage != reported:
                reported = state.stage
                on_progress(reported, None)
            try:
                monitor.check()
            except RunEnded as ending:
                _terminate(supervisor)
                return ending
    if state is not None and state.pid == supervisor.pid and state.phase == "ready":
        typer.echo(_format_ready_line(spec))
        return None
    state = instance.read()
    message = state.ending if state is not None and state.pid == supervisor.pid else ""
    return RunEnded(message or f"the supervisor ended with status {supervisor.poll()}", 1)


def _terminate(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()
