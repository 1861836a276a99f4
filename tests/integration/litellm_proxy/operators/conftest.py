"""A real proxy with several bindings, callbacks and guardrails, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.litellm_proxy.operators.setup import build_config, write_setup
from tests.support.fake_answers import Delta
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import Proxy, run_proxy

ANSWER: list[Delta] = [{"content": piece} for piece in ("\n\nHello", " wide", "\n\n\n", "world\n\n")]


@pytest.fixture(scope="session")
def own_backend() -> Iterator[FakeBackend]:
    """The backend of this folder's proxies."""
    answers = dict.fromkeys(("acme-7b", "other-7b", "strict-7b"), ANSWER)
    with run_backend(FakeBackend(answers=answers, failing={"failing-7b"})) as backend:
        yield backend


@pytest.fixture(scope="session")
def own_proxy(own_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy, with the operator's own callbacks after the policy callback."""
    folder = tmp_path_factory.mktemp("operators")
    write_setup(folder)
    with run_proxy(build_config(own_backend), folder) as proxy:
        yield proxy


@pytest.fixture
def sent(own_backend: FakeBackend) -> FakeBackend:
    """The backend, without the requests of earlier tests."""
    own_backend.bodies.clear()
    return own_backend
