"""``prompt-policy vllm start``: start vLLM and wait until it answers."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.errors import UsageError
from prompt_policy.launcher import detached
from prompt_policy.launcher.app_options import with_vllm_options
from prompt_policy.launcher.command import Plan, launch_of
from prompt_policy.launcher.instance import DEFAULT, Instance
from prompt_policy.launcher.keep import Order, keep
from prompt_policy.launcher.logfile import LogFile
from prompt_policy.launcher.notes import Notes
from prompt_policy.launcher.preflight import findings, warnings
from prompt_policy.launcher.running import VLLM_TIMEOUT_S
from prompt_policy.launcher.watch import Ending, watching

TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long vLLM may take to answer.")
]


@with_vllm_options
def start(  # noqa: PLR0913 - one argument for each option
    plan: Plan,
    *,
    name: Annotated[str, typer.Option(help="A name for this vLLM, where several run.")] = DEFAULT,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once it answers, and leave it running.")
    ] = False,
    log_file: Annotated[
        Path | None,
        typer.Option(help="Where vLLM's log goes. Default: vllm.log in the state folder. A new file every 50 MiB."),
    ] = None,
    timeout: TimeoutOption = VLLM_TIMEOUT_S,
    no_preflight: Annotated[
        bool, typer.Option("--no-preflight", help="Start even where something was found that makes it fail.")
    ] = False,
) -> None:
    """Start vLLM, wait until it answers, and say in one line what went wrong if it does not.

    What can be told to be wrong beforehand is told within two seconds, and nothing is started. In the foreground Ctrl-C
    ends it with every process that it started, and so does the death of this command, whatever its cause.

    Exit code 0: stopped, or with --detach running; 1: it did not start, or died; 2: wrong use, nothing was started.
    """
    notes = Notes()
    checked(plan, notes, enforce=not no_preflight)
    instance, launch = Instance(name, os.environ), launch_of(plan)
    order = Order(instance, launch, log_file.absolute() if log_file else instance.log, timeout)
    ending = (_in_background if detach else _in_foreground)(order, notes)
    if ending is not None:
        notes.line(str(ending))
        raise typer.Exit(ending.status)


def checked(plan: Plan, notes: Notes, *, enforce: bool = True) -> None:
    """Say what is unwise of a plan. Raise UsageError with what would make it fail, or only say it."""
    for line in warnings(plan):
        notes.line(f"warning: {line}")
    found = findings(plan)
    if found and enforce:
        raise UsageError("\n".join(found))
    for line in found:
        notes.line(f"warning: {line}")


def _in_foreground(order: Order, notes: Notes) -> Ending | None:
    with ExitStack() as progress:
        tell = progress.enter_context(notes.waiting(f"vLLM at {order.launch.root}"))

        def ready() -> None:
            progress.close()
            typer.echo(_ready(order))

        return keep(order, tell, ready)


def _ready(order: Order) -> str:
    return f"ready: {order.launch.root}/v1 (model {order.launch.served_name})"


def _in_background(order: Order, notes: Notes) -> Ending | None:
    instance = order.instance
    with instance.claimed():  # so that what is wrong with name or log is told before anything is started
        LogFile(order.log).close()
    keeper = detached.start(order)
    with watching() as watch, notes.waiting(f"vLLM at {order.launch.root}") as tell:
        seen = ""
        while (state := instance.read()) is None or state.pid != keeper.pid or state.phase == "starting":
            if keeper.poll() is not None:
                break
            if state is not None and state.pid == keeper.pid and state.stage != seen:
                seen = state.stage
                tell(seen, None)
            try:
                watch.pause()
            except Ending as ending:
                _end(keeper)
                return ending
    if state is not None and state.pid == keeper.pid and state.phase == "ready":
        typer.echo(_ready(order))
        return None
    state = instance.read()
    told = state.ending if state is not None and state.pid == keeper.pid else ""
    return Ending(told or f"what looks after it ended with status {keeper.poll()}", 1)


def _end(keeper: subprocess.Popen[bytes]) -> None:
    keeper.terminate()
    keeper.wait()
