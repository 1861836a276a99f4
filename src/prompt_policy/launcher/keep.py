"""Look after a named vLLM from its start to its end, and keep its state for others to see."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prompt_policy.launcher.instance import Instance, State, now
from prompt_policy.launcher.launch import Launch
from prompt_policy.launcher.running import Tell, running_vllm
from prompt_policy.launcher.watch import Ending, watching


@dataclass(frozen=True, slots=True)
class Order:
    """A vLLM to look after: its name, what to start, the file for its log, and how long it may take to answer."""

    instance: Instance
    launch: Launch
    log: Path
    timeout_s: float


def keep(order: Order, tell: Tell, ready: Callable[[], None]) -> Ending:
    """Run a vLLM until a signal comes or it dies, and return what ended it.

    ``tell`` gets the stage of its start; ``ready`` is called once it answers. Raise UsageError where another process
    holds its name.
    """
    instance = order.instance

    def told(stage: str, share: float | None) -> None:
        instance.update(stage=stage)
        tell(stage, share)

    with instance.claimed():
        instance.write(_state(order.launch, order.log))
        try:
            with watching() as watch, running_vllm(order.launch, watch, order.log, told) as vllm:
                vllm.await_ready(watch, order.timeout_s)
                watch.ready = True
                instance.update(phase="ready", stage="")
                ready()
                while True:
                    watch.pause()
        except Ending as ending:
            instance.update(phase="ended", ending=str(ending), status=ending.status)
            return ending


def _state(launch: Launch, log: Path) -> State:
    return State(
        pid=os.getpid(),
        root=launch.root,
        served_name=launch.served_name,
        log=str(log),
        since=now(),
    )
