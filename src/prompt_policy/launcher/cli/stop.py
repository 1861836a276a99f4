"""``prompt-policy vllm stop``: stop a vLLM."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Annotated, Final

import typer

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.processes import descendants
from prompt_policy.launcher.state.instance import DEFAULT_INSTANCE, Instance, list_instances

_PAUSE_S: Final = 0.1


def stop(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the vLLM.")] = DEFAULT_INSTANCE,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Stop every vLLM of this user.")] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Time to end before it is killed.")] = 30,
) -> None:
    """Stop a vLLM with all its processes: by SIGTERM, and by SIGKILL after the timeout.

    Exit code 0: stopped; 2: no vLLM of that name is running.
    """
    selected = _running_instances() if all_ else [_require_running(Instance(name, os.environ))]
    for instance in selected:
        typer.echo(f"{instance.name}: {_stop_instance(instance, timeout)}")


def _running_instances() -> list[Instance]:
    return [instance for instance in list_instances(os.environ) if instance.is_running()]


def _require_running(instance: Instance) -> Instance:
    if instance.is_running():
        return instance
    others = [other.name for other in _running_instances()]
    running = f"; running: {', '.join(others)}" if others else ""
    raise UsageError(f"no vLLM named '{instance.name}' is running{running}")


def _stop_instance(instance: Instance, timeout_s: float) -> str:
    state = instance.read()
    if state is None:
        return "it is starting; try again"
    processes = {state.pid, *descendants(state.pid)}
    _send_signal({state.pid}, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while instance.is_running():
        if time.monotonic() > deadline:
            _send_signal(processes | descendants(state.pid), signal.SIGKILL)
            return "killed"
        time.sleep(_PAUSE_S)
    return "stopped"


def _send_signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
