"""The files of the page on scaling send a part of the requests through a new policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
import yaml

from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.litellm_proxy import KEY, Proxy, run_proxy
from tests.support.page_files import GUIDES, write_page_files

PAGE = GUIDES.parent / "explanation" / "scaling.md"
BOUNDS = {"tutor": 0.7, "tutor-next": 0.5}
REQUESTS = 300
MIN_NEXT, MAX_NEXT = 9, 60
"""Of 300 requests, one of ten is 30; fewer than 9 or more than 60 are less likely than one in 100,000."""


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    with run_backend(FakeBackend()) as backend:
        yield backend


@pytest.fixture(scope="module")
def proxy(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with the page's files, which differ in the address of the server only."""
    folder = tmp_path_factory.mktemp("scaling")
    config = write_page_files(PAGE, folder)["config.yaml"].replace("http://vllm:8000", backend.url)
    with run_proxy(yaml.safe_load(config), folder) as running:
        yield running


def request_policy(client: httpx.Client, backend: FakeBackend, model: str) -> str:
    """Return the policy that an answer names, after comparing it with what the backend received."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "temperature": 1.3}
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    policy = response.headers["x-prompt-policy"].partition("@")[0]
    assert backend.last()["temperature"] == BOUNDS[policy]
    return policy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=proxy.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def test_weights_divide_the_requests(client: httpx.Client, backend: FakeBackend) -> None:
    counts = Counter(request_policy(client, backend, "tutor") for _ in range(REQUESTS))
    assert set(counts) == set(BOUNDS)
    assert MIN_NEXT <= counts["tutor-next"] <= MAX_NEXT


def test_an_alias_stays_with_its_policy(client: httpx.Client, backend: FakeBackend) -> None:
    assert {request_policy(client, backend, "tutor-next") for _ in range(20)} == {"tutor-next"}
