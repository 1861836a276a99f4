"""Supervise a named vLLM from its start to its end, and record its state for other processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prompt_policy.console import OnProgress
from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.state.instance import Instance, InstanceState
from prompt_policy.launcher.supervise.ready_check import ReadyCheck
from prompt_policy.launcher.supervise.shutdown import RunEnded, monitor_shutdown
from prompt_policy.launcher.supervise.vllm_process import run_vllm


@dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """A vLLM to supervise.

    Arguments:
        instance: its name and state.
        launch: its process.
        log: the path of its log.
        timeout_s: the seconds that it may take to start.
        ready_check: the request that it must answer before it is ready.
    """

    instance: Instance
    launch: LaunchSpec
    log: Path
    timeout_s: float
    ready_check: ReadyCheck = ReadyCheck.CHAT


def supervise(spec: SupervisorSpec, on_progress: OnProgress, on_ready: Callable[[], None]) -> RunEnded:
    """Run a vLLM until a signal arrives or it dies, and return what ended it.

    ``on_progress`` is called with the stages of its start, ``on_ready`` once it is ready. Raise UsageError if another
    process holds its name.
    """
    instance = spec.instance

    def record_progress(stage: str, share: float | None) -> None:
        instance.update(stage=stage)
        on_progress(stage, share)

    with instance.hold_lock():
        instance.write(_initial_state(spec.launch, spec.log))
        try:
            with monitor_shutdown() as monitor, run_vllm(spec.launch, monitor, spec.log, record_progress) as vllm:
                vllm.wait_until_ready(monitor, spec.timeout_s, spec.ready_check)
                monitor.is_ready = True
                instance.update(phase="ready", stage="")
                on_ready()
                while True:
                    monitor.check()
        except RunEnded as ending:
            instance.update(phase="ended", ending=str(ending), status=ending.status)
            return ending


def _initial_state(launch: LaunchSpec, log: Path) -> InstanceState:
    return InstanceState(
        pid=os.getpid(),
        root=launch.root,
        served_name=launch.served_name,
        log=str(log),
        since=time.time(),
    )
