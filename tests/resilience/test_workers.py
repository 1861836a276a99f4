"""A worker that is killed: the other continues, and its replacement enforces the same policies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import openai
import pytest

from tests.resilience import behaviours as b
from tests.resilience.hosts import Proxies, Side, build_client
from tests.resilience.outcome import apply_filters
from tests.support.litellm_proxy import Proxy
from tests.support.waiting import wait_until

pytestmark = pytest.mark.exclusive

STARTED = "its policy is selected by the model name in each request"
"""A line that each worker logs once at its start."""


@pytest.fixture
def worker_proxy(proxies: Proxies) -> Proxy:
    """A proxy with two workers."""
    assert proxies.workers is not None
    return proxies.workers.result()


def list_workers(proxy: Proxy) -> set[int]:
    """Return the process ids of the workers."""
    parent = proxy.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def send_once(proxy: Proxy) -> str:
    """Send a request on a new connection, check the answer, and return the name of its policy."""
    side = Side(build_client(f"{proxy.url}/v1", openai.OpenAI))
    try:
        outcome = side.send("faulty-good")
    finally:
        side.close()
    assert (outcome.kind, outcome.text) == ((200, "", None), apply_filters(b.TEXT))
    return outcome.headers["x-prompt-policy"]


def test_replacement_of_a_killed_worker_enforces_the_policy(worker_proxy: Proxy) -> None:
    wait_until(lambda: worker_proxy.log.count(STARTED) >= 2, seconds=180, describe=lambda: worker_proxy.log)
    policy = send_once(worker_proxy)
    killed, other = sorted(list_workers(worker_proxy))

    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: send_once(worker_proxy) == policy and worker_proxy.log.count(STARTED) >= 3,
        seconds=180,
        describe=lambda: worker_proxy.log,
    )
    assert (killed in list_workers(worker_proxy), len(list_workers(worker_proxy))) == (False, 2)

    os.kill(other, signal.SIGSTOP)  # so that only the replacement can answer
    try:
        assert {send_once(worker_proxy) for _ in range(5)} == {policy}
    finally:
        os.kill(other, signal.SIGCONT)
