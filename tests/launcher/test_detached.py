"""Look after a vLLM in the background; the vLLM is a fake."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from prompt_policy.launcher.detached import start
from prompt_policy.launcher.instance import Instance
from tests.launcher.test_keep import order


def test_what_looks_after_it_gets_everything_through_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    asked = order(tmp_path)
    secret = {**asked.launch.environment, "VLLM_API_KEY": "a-secret-key"}
    keeper = start(replace(asked, launch=replace(asked.launch, environment=secret, api_key="a-secret-key")))
    try:
        deadline = time.monotonic() + 30
        while (state := asked.instance.read()) is None or state.phase == "starting":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert (state.phase, state.pid) == ("ready", keeper.pid)
        assert b"a-secret-key" not in Path(f"/proc/{keeper.pid}/cmdline").read_bytes()
    finally:
        keeper.terminate()
        assert keeper.wait(30) == 0

    assert Instance("it", {"XDG_STATE_HOME": str(tmp_path)}).is_running() is False
