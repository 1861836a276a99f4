"""A proxy whose deployments LiteLLM reaches by different endpoints, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.integration.litellm_proxy.calls.deployments import MODEL, PIECES, POLICIES, build_config
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import Proxy, run_proxy


@pytest.fixture(scope="package")
def calls_backend() -> Iterator[FakeBackend]:
    """The backend of the proxy."""
    answers = dict.fromkeys((MODEL, f"responses/{MODEL}", "acme"), PIECES)  # LiteLLM 1.98 sends the second name
    with run_backend(FakeBackend(answers=answers, failing={"broken"})) as backend:
        yield backend


@pytest.fixture(scope="package")
def calls_proxy(calls_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy."""
    folder = tmp_path_factory.mktemp("calls")
    (folder / "policies").mkdir()
    for policy in POLICIES:
        (folder / "policies" / f"{policy['name']}.yaml").write_text(yaml.safe_dump(policy))
    with run_proxy(build_config(calls_backend), folder) as proxy:
        yield proxy


@pytest.fixture
def backend(calls_backend: FakeBackend) -> FakeBackend:
    """The backend, without the requests of earlier tests."""
    calls_backend.bodies.clear()
    calls_backend.paths.clear()
    return calls_backend
