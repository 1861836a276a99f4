"""Look after a named vLLM; the vLLM is a fake."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.instance import Instance
from prompt_policy.launcher.keep import Order, keep
from tests.launcher.test_running import launch_of


def order(folder: Path, *options: str) -> Order:
    instance = Instance("it", {"XDG_STATE_HOME": str(folder)})
    return Order(instance, launch_of(*options), instance.log, 30)


def test_its_state_follows_it_from_start_to_end(tmp_path: Path) -> None:
    asked = order(tmp_path)
    phases: list[str] = []

    def ready() -> None:
        state = asked.instance.read()
        assert state is not None
        phases.append(state.phase)
        os.kill(os.getpid(), signal.SIGTERM)

    ending = keep(asked, lambda *_: None, ready)

    state = asked.instance.read()
    assert state is not None
    assert (phases, state.phase, ending.status, state.pid) == (["ready"], "ended", 0, os.getpid())
    assert not asked.instance.is_running()


def test_a_failure_is_kept_for_others_to_see(tmp_path: Path) -> None:
    asked = order(tmp_path, "--fail", "toolong.log", "1")

    ending = keep(asked, lambda *_: None, lambda: None)

    state = asked.instance.read()
    assert state is not None
    assert (state.ending, state.status) == (str(ending), 1)
    assert "8192" in state.ending


def test_a_name_that_is_held_starts_nothing(tmp_path: Path) -> None:
    asked = order(tmp_path)

    with asked.instance.claimed(), pytest.raises(UsageError):
        keep(asked, lambda *_: None, lambda: None)
