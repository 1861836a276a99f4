"""A worker that is killed: the other goes on, and the one that takes its place enforces the same policies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import openai
import pytest

from tests.e2e.proxy import Proxy
from tests.faults import behaviours as b
from tests.faults.asking import cleaned
from tests.faults.hosts import HAS_CREW, Proxies, Side, client_of
from tests.faults.waiting import until

STARTED = "its policy is chosen by the name in each request"
"""What the log says once for each worker that starts."""


@pytest.fixture
def crew(proxies: Proxies) -> Proxy:
    """A proxy of two workers."""
    assert proxies.crew is not None
    return proxies.crew.result()


def workers(proxy: Proxy) -> set[int]:
    """Return the processes that serve."""
    parent = proxy.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def ask(proxy: Proxy) -> str:
    """Ask on a connection of its own, check the answer, and return the policy that it came by."""
    side = Side(client_of(f"{proxy.url}/v1", openai.OpenAI))
    try:
        outcome = side.ask("faulty-good")
    finally:
        side.close()
    assert (outcome.kind, outcome.text) == ((200, "", None), cleaned(b.TEXT))
    return outcome.headers["x-prompt-policy"]


@pytest.mark.skipif(not HAS_CREW, reason="before 0.37 uvicorn kills workers that take 5 seconds to start")
def test_a_killed_worker_is_replaced_by_one_that_enforces_the_same(crew: Proxy) -> None:
    until(lambda: crew.log.count(STARTED) == 2)
    policy = ask(crew)
    killed, other = sorted(workers(crew))

    os.kill(killed, signal.SIGKILL)
    until(lambda: ask(crew) == policy and crew.log.count(STARTED) == 3)
    assert (killed in workers(crew), len(workers(crew))) == (False, 2)

    os.kill(other, signal.SIGSTOP)  # so that only the new one can answer
    try:
        assert {ask(crew) for _ in range(5)} == {policy}
    finally:
        os.kill(other, signal.SIGCONT)
