"""Supervise a fake vLLM in the background."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from prompt_policy.launcher.state.instance import Instance
from prompt_policy.launcher.supervise.daemon import start_daemon
from tests.unit.launcher.supervise.test_supervisor import build_spec


def test_the_supervisor_gets_its_specification_through_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    spec = build_spec(tmp_path)
    environment = {**spec.launch.environment, "VLLM_API_KEY": "a-secret-key"}
    supervisor = start_daemon(
        replace(spec, launch=replace(spec.launch, environment=environment, api_key="a-secret-key"))
    )
    try:
        deadline = time.monotonic() + 30
        while (state := spec.instance.read()) is None or state.phase == "starting":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert (state.phase, state.pid) == ("ready", supervisor.pid)
        assert b"a-secret-key" not in Path(f"/proc/{supervisor.pid}/cmdline").read_bytes()
    finally:
        supervisor.terminate()
        assert supervisor.wait(30) == 0

    assert Instance("it", {"XDG_STATE_HOME": str(tmp_path)}).is_running() is False
