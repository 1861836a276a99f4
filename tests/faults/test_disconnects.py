"""Clients that go away in mid-answer: the backend is told, and nothing of their requests is left."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.e2e.proxy import KEY, Proxy
from tests.faults.fake_backend import FakeBackend
from tests.faults.hosts import Host, Proxies
from tests.faults.waiting import until

TIMES = 8


@pytest.fixture
def quiet(backend: FakeBackend) -> FakeBackend:
    """The backend, with nothing left to answer of the tests before."""
    until(lambda: backend.open == 0)
    return backend


def test_the_stream_of_the_backend_ends(any_host: Host, quiet: FakeBackend) -> None:
    came = len(quiet.asked("faulty-endless"))

    for _ in range(TIMES):
        read = any_host.policed.leave("faulty-endless")
        assert read.startswith("<faulty>Hello")

    assert len(quiet.asked("faulty-endless")) == came + TIMES
    until(lambda: quiet.open == 0)
    if any_host.relays is not None:
        until(lambda: not any_host.relays)


def test_a_whole_answer_that_nobody_waits_for_any_more(any_host: Host, quiet: FakeBackend) -> None:
    # LiteLLM goes on waiting for a whole answer, with and without a callback, until its own time is up.
    model = "impatient-stalls" if any_host.name == "litellm" else "faulty-stalls"
    control, policed = any_host.ask_both(model, timeout=0.5)

    assert (policed.kind, policed.error) == (control.kind, "APITimeoutError")
    until(lambda: quiet.open == 0)
    if any_host.relays is not None:
        until(lambda: not any_host.relays)


def held(proxy: Proxy) -> tuple[int, Counter[str]]:
    """Return how many files and sockets a proxy has open, and its tasks by name."""
    url, headers = f"{proxy.url}/debug/asyncio-tasks", {"authorization": f"Bearer {KEY}"}
    tasks = httpx.get(url, headers={**headers, "connection": "close"}).json()["by_name"]
    return len(list(Path(f"/proc/{proxy.process.pid}/fd").iterdir())), Counter(tasks)


@pytest.mark.parametrize("any_host", ["litellm"], indirect=True)
def test_a_proxy_keeps_no_socket_and_no_task(any_host: Host, quiet: FakeBackend, proxies: Proxies) -> None:
    def left() -> None:
        for _ in range(TIMES):
            any_host.policed.leave("faulty-endless")
        until(lambda: quiet.open == 0)

    left()
    files, tasks = held(proxies.policed)
    left()

    def is_as_before() -> bool:
        files_now, tasks_now = held(proxies.policed)
        return files_now <= files and not tasks_now - tasks

    until(is_as_before)
