"""The broken backend and the hosts in front of it, once for all tests of this folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.resilience import behaviours as b
from tests.resilience.hosts import NAMES, Host, Proxies, build_host, run_proxies, write_policies
from tests.resilience.logs import find_package_errors
from tests.support.broken_backend import Behaviour, BrokenBackend, run_broken_backend


def build_behaviours() -> dict[str, Behaviour]:
    """Return the behaviours of the backend, by model."""
    return {
        **{f"{name}-good": b.GOOD for name in ("faulty", "other", "plain")},
        **{f"faulty-whole-{name}": behaviour for name, behaviour in b.WRONG_BODIES.items()},
        **{f"faulty-stream-{name}": behaviour for name, behaviour in b.WRONG_STREAMS.items()},
        "faulty-resets-at-once": b.reset_at_once,
        "faulty-resets-after-head": b.reset_after(b""),
        "faulty-resets-after-role": b.reset_after(b.EVENTS[0]),
        "faulty-resets-midway": b.reset_after(b.HALF_EVENTS),
        "faulty-resets-within-an-event": b.reset_after(b.HALF_EVENTS + b.EVENTS[4][:50]),
        "faulty-stalls": b.stall,
        "faulty-stalls-midway": b.stall_after(b.HALF_EVENTS),
        "faulty-endless": b.stream_forever,
        **dict(overload_models()),
    }


def overload_models() -> Iterator[tuple[str, Behaviour]]:
    """Yield models that fail once or always; each host has its own, because they count their requests."""
    for status, host, stream in product((429, 503), NAMES, (False, True)):
        yield f"faulty-{status}-once-{host}-{stream}", b.fail_first(1, status)
        yield f"faulty-{status}-for-good-{host}-{stream}", b.fail_first(9, status)


@pytest.fixture(scope="session")
def backend() -> Iterator[BrokenBackend]:
    """The backend."""
    with run_broken_backend(BrokenBackend(build_behaviours())) as backend:
        yield backend


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of policies that every host watches."""
    return write_policies(tmp_path_factory.mktemp("policies"))


@pytest.fixture(scope="session")
def proxies(
    request: pytest.FixtureRequest, backend: BrokenBackend, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxies]:
    """LiteLLM's proxy with and without the callback."""
    with_workers = any("worker_proxy" in getattr(item, "fixturenames", ()) for item in request.session.items)
    with run_proxies(backend, folder, tmp_path_factory.mktemp, with_workers=with_workers) as proxies:
        yield proxies


@pytest.fixture(scope="session", params=NAMES)
def any_host(request: pytest.FixtureRequest, backend: BrokenBackend, folder: Path, proxies: Proxies) -> Iterator[Host]:
    """Each host in turn."""
    with build_host(request.param, backend.url, folder, proxies) as host:
        yield host


@pytest.fixture(autouse=True)
def check_logs(proxies: Proxies, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check after each test that the logs contain no error of this package."""
    before = len(proxies.enforced.log)
    with caplog.at_level(logging.ERROR):
        yield
    assert find_package_errors(proxies.enforced.log[before:]) == []
    formatter = logging.Formatter()
    assert find_package_errors("\n".join(map(formatter.format, caplog.get_records("call")))) == []
