"""Check that the port is free."""

from __future__ import annotations

import os

from prompt_policy.launcher.machine.ports import bind, find_free_port
from prompt_policy.launcher.preflight.port import check
from prompt_policy.net import LOOPBACK
from tests.support.checkpoints import make_plan


def test_a_port_in_use_is_reported_with_its_process() -> None:
    with bind(LOOPBACK, 0) as listener:
        port = listener.getsockname()[1]
        (line,) = check(make_plan("m", port=port))

    assert line.startswith(f"port {port} on 127.0.0.1 is in use;")
    assert line.endswith(f", pid {os.getpid()})")


def test_a_free_port_is_accepted() -> None:
    assert list(check(make_plan("m", port=find_free_port(LOOPBACK)))) == []


def test_a_port_in_the_arguments_for_vllm_is_checked() -> None:
    with bind(LOOPBACK, 0) as listener:
        assert list(check(make_plan("m", args=("--port", str(listener.getsockname()[1])))))
