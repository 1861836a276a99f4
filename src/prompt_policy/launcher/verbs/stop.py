"""``prompt-policy vllm stop``: end a vLLM."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Annotated, Final

import typer

from prompt_policy.errors import UsageError
from prompt_policy.launcher.instance import DEFAULT, Instance, instances
from prompt_policy.launcher.processes import below

_PAUSE_S: Final = 0.1


def stop(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which vLLM.")] = DEFAULT,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every vLLM of yours.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long it may take before it is killed.")
    ] = 30,
) -> None:
    """End a vLLM with every process that it started: it is asked to, and killed where it does not.

    Exit code 0: it is gone; 2: nothing of that name runs.
    """
    chosen = [i for i in instances(os.environ) if i.is_running()] if all_ else [_running(Instance(name, os.environ))]
    for instance in chosen:
        typer.echo(f"{instance.name}: {_stopped(instance, timeout)}")


def _running(instance: Instance) -> Instance:
    if instance.is_running():
        return instance
    others = [other.name for other in instances(os.environ) if other.is_running()]
    known = f"; running: {', '.join(others)}" if others else ""
    raise UsageError(f"no vLLM named '{instance.name}' is running{known}")


def _stopped(instance: Instance, timeout_s: float) -> str:
    state = instance.read()
    if state is None:
        return "it is starting; try again"
    processes = {state.pid, *below(state.pid)}
    _signal({state.pid}, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while instance.is_running():
        if time.monotonic() > deadline:
            _signal(processes | below(state.pid), signal.SIGKILL)
            return "killed"
        time.sleep(_PAUSE_S)
    return "stopped"


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
