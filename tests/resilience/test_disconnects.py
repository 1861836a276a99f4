"""Clients that disconnect before the end of an answer: the backend's request ends, and nothing leaks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.resilience.hosts import Host, Proxies
from tests.support.broken_backend import BrokenBackend
from tests.support.litellm_proxy import KEY, Proxy
from tests.support.waiting import wait_until

TIMES = 8


@pytest.fixture
def quiet(backend: BrokenBackend) -> BrokenBackend:
    """The backend, when no request of an earlier test is open."""
    wait_until(lambda: backend.open == 0)
    return backend


def test_disconnect_ends_the_stream_of_the_backend(any_host: Host, quiet: BrokenBackend) -> None:
    before = len(quiet.bodies_for("faulty-endless"))

    for _ in range(TIMES):
        read = any_host.enforced.leave("faulty-endless")
        assert read.startswith("<faulty>Hello")

    assert len(quiet.bodies_for("faulty-endless")) == before + TIMES
    wait_until(lambda: quiet.open == 0)
    if any_host.relays is not None:
        wait_until(lambda: not any_host.relays)


def test_client_timeout_ends_a_request_for_a_whole_answer(any_host: Host, quiet: BrokenBackend) -> None:
    # LiteLLM waits for a whole answer until its own timeout, with and without a callback.
    model = "impatient-stalls" if any_host.name == "litellm" else "faulty-stalls"
    control, enforced = any_host.send_to_both(model, timeout=0.5)

    assert (enforced.kind, enforced.error) == (control.kind, "APITimeoutError")
    wait_until(lambda: quiet.open == 0)
    if any_host.relays is not None:
        wait_until(lambda: not any_host.relays)


def count_resources(proxy: Proxy) -> tuple[int, Counter[str]]:
    """Return the number of open files and sockets of a proxy, and its tasks by name."""
    url, headers = f"{proxy.url}/debug/asyncio-tasks", {"authorization": f"Bearer {KEY}"}
    tasks = httpx.get(url, headers={**headers, "connection": "close"}).json()["by_name"]
    return len(list(Path(f"/proc/{proxy.process.pid}/fd").iterdir())), Counter(tasks)


@pytest.mark.parametrize("any_host", ["litellm"], indirect=True)
def test_proxy_leaks_no_socket_and_no_task(any_host: Host, quiet: BrokenBackend, proxies: Proxies) -> None:
    def leave_streams() -> None:
        for _ in range(TIMES):
            any_host.enforced.leave("faulty-endless")
        wait_until(lambda: quiet.open == 0)

    leave_streams()
    files, tasks = count_resources(proxies.enforced)
    leave_streams()

    def is_as_before() -> bool:
        files_now, tasks_now = count_resources(proxies.enforced)
        return files_now <= files and not tasks_now - tasks

    wait_until(is_as_before)
