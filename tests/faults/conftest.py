"""The fake backend and the hosts in front of it, once for all tests of this folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.faults import behaviours as b
from tests.faults.fake_backend import Behaviour, FakeBackend, running
from tests.faults.hosts import HAS_CREW, NAMES, Host, Proxies, host, policies, running_proxies
from tests.faults.logs import faults_of_ours


def behaviours() -> dict[str, Behaviour]:
    """Return what the backend does, by model."""
    return {
        **{f"{name}-good": b.GOOD for name in ("faulty", "other", "plain")},
        **{f"faulty-whole-{name}": behaviour for name, behaviour in b.WRONG_BODIES.items()},
        **{f"faulty-stream-{name}": behaviour for name, behaviour in b.WRONG_STREAMS.items()},
        "faulty-resets-at-once": b.resets_at_once,
        "faulty-resets-after-head": b.resets_after(b""),
        "faulty-resets-after-role": b.resets_after(b.EVENTS[0]),
        "faulty-resets-midway": b.resets_after(b.HALF_EVENTS),
        "faulty-resets-within-an-event": b.resets_after(b.HALF_EVENTS + b.EVENTS[4][:50]),
        "faulty-stalls": b.stalls,
        "faulty-stalls-midway": b.stalls_after(b.HALF_EVENTS),
        "faulty-endless": b.goes_on_for_ever,
        **dict(overloaded()),
    }


def overloaded() -> Iterator[tuple[str, Behaviour]]:
    """Yield models that fail once or for good, for each host its own, as they count their calls."""
    for status, host_, stream in product((429, 503), NAMES, (False, True)):
        yield f"faulty-{status}-once-{host_}-{stream}", b.fails_first(1, status)
        yield f"faulty-{status}-for-good-{host_}-{stream}", b.fails_first(9, status)


@pytest.fixture(scope="session")
def backend() -> Iterator[FakeBackend]:
    """The backend."""
    with running(FakeBackend(behaviours())) as started:
        yield started


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of policies that every host follows."""
    return policies(tmp_path_factory.mktemp("policies"))


@pytest.fixture(scope="session")
def proxies(
    request: pytest.FixtureRequest, backend: FakeBackend, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxies]:
    """LiteLLM's proxy with the callback and without."""
    with_crew = HAS_CREW and any("crew" in getattr(item, "fixturenames", ()) for item in request.session.items)
    with running_proxies(backend, folder, tmp_path_factory.mktemp, with_crew=with_crew) as started:
        yield started


@pytest.fixture(scope="session", params=NAMES)
def any_host(request: pytest.FixtureRequest, backend: FakeBackend, folder: Path, proxies: Proxies) -> Iterator[Host]:
    """Each host in turn."""
    with host(request.param, backend.url, folder, proxies) as made:
        yield made


@pytest.fixture(autouse=True)
def quiet_logs(proxies: Proxies, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, no fault of ours may stand in a log when it is done."""
    before = len(proxies.policed.log)
    with caplog.at_level(logging.ERROR):
        yield
    assert faults_of_ours(proxies.policed.log[before:]) == []
    formatter = logging.Formatter()
    assert faults_of_ours("\n".join(map(formatter.format, caplog.get_records("call")))) == []
