"""Supervise a fake vLLM."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.state.instance import Instance
from prompt_policy.launcher.supervise.supervisor import SupervisorSpec, supervise
from tests.unit.launcher.supervise.test_vllm_process import build_launch


def build_spec(folder: Path, *options: str) -> SupervisorSpec:
    instance = Instance("it", {"XDG_STATE_HOME": str(folder)})
    return SupervisorSpec(instance, build_launch(*options), instance.log, 30)


def test_the_state_is_recorded_from_start_to_end(tmp_path: Path) -> None:
    spec = build_spec(tmp_path)
    phases: list[str] = []

    def on_ready() -> None:
        state = spec.instance.read()
        assert state is not None
        phases.append(state.phase)
        os.kill(os.getpid(), signal.SIGTERM)

    ending = supervise(spec, lambda *_: None, on_ready)

    state = spec.instance.read()
    assert state is not None
    assert (phases, state.phase, ending.status, state.pid) == (["ready"], "ended", 0, os.getpid())
    assert not spec.instance.is_running()


def test_a_failure_is_recorded(tmp_path: Path) -> None:
    spec = build_spec(tmp_path, "--fail", "toolong.log", "1")

    ending = supervise(spec, lambda *_: None, lambda: None)

    state = spec.instance.read()
    assert state is not None
    assert (state.ending, state.status) == (str(ending), 1)
    assert "8192" in state.ending


def test_a_locked_name_starts_nothing(tmp_path: Path) -> None:
    spec = build_spec(tmp_path)

    with spec.instance.hold_lock(), pytest.raises(UsageError):
        supervise(spec, lambda *_: None, lambda: None)
