"""The events that end a run."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.supervise.child import Child
from prompt_policy.launcher.supervise.shutdown import RunEnded, monitor_shutdown
from prompt_policy.net import LOOPBACK, build_url
from tests.support.servers import Serve

SLEEPS = "import time; time.sleep(600)"


def _child(program: str, folder: Path) -> Child:
    return Child("it", [sys.executable, "-c", program], environment={}, folder=folder, on_line=lambda _: None)


@pytest.mark.parametrize(("is_ready", "status"), [(True, 0), (False, 143)])
def test_a_signal_ends_the_run_and_handlers_are_restored(is_ready: bool, status: int) -> None:
    before = signal.getsignal(signal.SIGTERM)

    with monitor_shutdown() as monitor:
        monitor.is_ready = is_ready
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(RunEnded, match="SIGTERM") as ending:
            monitor.check()

    assert ending.value.status == status
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_childs_death_ends_the_run_with_its_output(tmp_path: Path) -> None:
    url = build_url(LOOPBACK, find_free_port(LOOPBACK))

    with monitor_shutdown() as monitor, _child("raise SystemExit('no luck')", tmp_path) as child:
        monitor.children.append(child)
        with pytest.raises(RunEnded, match="it ended with status 1; its last output:\nno luck"):
            monitor.wait_for_http(child, url, 60)


def test_an_http_answer_ends_the_wait(serve: Serve, tmp_path: Path) -> None:
    with monitor_shutdown() as monitor, _child(SLEEPS, tmp_path) as child:
        monitor.wait_for_http(child, f"{serve()}/health", 60)


def test_a_timeout_ends_the_run(tmp_path: Path) -> None:
    url = build_url(LOOPBACK, find_free_port(LOOPBACK))

    with (
        monitor_shutdown() as monitor,
        _child(SLEEPS, tmp_path) as child,
        pytest.raises(RunEnded, match=r"does not answer after 0\.1 s"),
    ):
        monitor.wait_for_http(child, url, 0.1)
