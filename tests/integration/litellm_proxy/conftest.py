"""A fake backend and a real proxy in front of it, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.integration.litellm_proxy.deployments import ANSWERS, BROKEN, build_config
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy


@pytest.fixture(scope="session")
def session_backend() -> Iterator[FakeBackend]:
    """The backend of every proxy in the session."""
    with run_backend(FakeBackend(answers=ANSWERS, failing={BROKEN})) as backend:
        yield backend


@pytest.fixture(scope="session")
def proxy(session_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy, started by ``litellm --config`` with the callback listed twice."""
    callbacks = ["prompt_policy.litellm.callback", "prompt_policy.litellm.callback"]
    with run_proxy(build_config(session_backend, callbacks=callbacks), tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


@pytest.fixture
def backend(session_backend: FakeBackend) -> FakeBackend:
    """The backend, without the requests of earlier tests."""
    session_backend.bodies.clear()
    return session_backend


@pytest.fixture
def client(proxy: Proxy) -> Iterator[openai.OpenAI]:
    """The real OpenAI client, without retries of its own."""
    with openai.OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client
