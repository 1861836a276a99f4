"""The same requests and answers through every host: neither the request sent nor the text read depends on the host."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import Pipeline, load_paths
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.runtime.response_rewriter import SSERewriter, rewrite_body
from tests.integration.conformance.matrix import HERE, HOSTS, VECTORS, Host, cells
from tests.support.fake_backend import FakeBackend, run_backend
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.responses import PATHS, read_texts
from tests.support.servers import serve_app_in_thread

http = importlib.import_module(detect_installed_library())
POLICIES = HERE / "policies"
KEY = "sk-a-key-for-these-tests-only-0123456789"
HEADERS = {"authorization": f"Bearer {KEY}"}
AVAILABLE = [host for host in HOSTS if host.is_available]
Post = Callable[[str, dict[str, Any]], Any]


def model_of(vector: dict[str, Any]) -> str:
    """Return the model of a vector, which selects its policy."""
    return f"{vector.get('policy', 'vector')}-{vector['name']}"


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    """The server behind every host; each vector has a model of its own, whose answer is the vector's deltas."""
    answers = {model_of(vector): vector["answer"] for vector in VECTORS}
    with run_backend(FakeBackend(answers=answers)) as backend:
        yield backend


@pytest.fixture(scope="module")
def hosts(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Post]]:
    """A function for each host except the pipeline, which posts a body to a path and returns the response."""
    with ExitStack() as stack:
        roots = {"asgi": stack.enter_context(serve_app_in_thread(PolicyMiddleware(backend, POLICIES)))}
        if any(host.name == "litellm" for host in AVAILABLE):
            roots["litellm"] = stack.enter_context(_run_litellm(backend, tmp_path_factory.mktemp("proxy")))
        plain = stack.enter_context(http.Client(timeout=60))

        def build_post(host: Host) -> Post:
            root = roots["litellm"] if "litellm" in host.name else roots.get(host.name, backend.url)
            if host.name in roots:
                return lambda path, body: plain.post(root + path, json=body, headers=HEADERS)
            if "openai" in host.name:
                return _build_sdk_post(root, is_async=host.name.startswith("async"))
            return _build_client_post(root, host.family, is_async=host.name.startswith("async"))

        yield {host.name: build_post(host) for host in AVAILABLE if host.name != "pipeline"}


def _build_client_post(root: str, family: str, *, is_async: bool) -> Post:
    module = importlib.import_module(family)

    def post(path: str, body: dict[str, Any]) -> Any:
        with policy_http_client(POLICIES, module.Client(timeout=60)) as client:
            return client.post(root + path, json=body, headers=HEADERS)

    async def post_async(path: str, body: dict[str, Any]) -> Any:
        async with policy_http_client(POLICIES, module.AsyncClient(timeout=60)) as client:
            return await client.post(root + path, json=body, headers=HEADERS)

    return (lambda path, body: asyncio.run(post_async(path, body))) if is_async else post


def _build_sdk_post(root: str, *, is_async: bool) -> Post:
    import openai

    from prompt_policy.openai import wrap

    options: dict[str, Any] = {"base_url": f"{root}/v1", "api_key": KEY, "max_retries": 0}

    def post(path: str, body: dict[str, Any]) -> Any:
        with wrap(openai.OpenAI(**options), POLICIES) as client:
            return client.post(path.removeprefix("/v1"), body=body, cast_to=http.Response)

    async def post_async(path: str, body: dict[str, Any]) -> Any:
        async with wrap(openai.AsyncOpenAI(**options), POLICIES) as client:
            return await client.post(path.removeprefix("/v1"), body=body, cast_to=http.Response)

    return (lambda path, body: asyncio.run(post_async(path, body))) if is_async else post


def _read_text(response: Any) -> str:
    assert response.status_code == 200, response.text
    assert response.headers["x-prompt-policy"].startswith(("vectors@", "turns@", "limits@"))
    return str(response.text)


@contextmanager
def _run_litellm(backend: FakeBackend, folder: Path) -> Iterator[str]:
    from tests.support.litellm_proxy import run_proxy

    parameters = {"model": "hosted_vllm/*", "api_base": f"{backend.url}/v1", "api_key": "none"}
    config = {
        "model_list": [{"model_name": "*", "litellm_params": parameters}],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"]},
        "callback_settings": {"prompt_policy": {"path": str(POLICIES)}},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    with run_proxy(config, folder) as proxy:
        yield proxy.url


def apply_pipeline(backend: FakeBackend, vector: dict[str, Any], body: dict[str, Any], *, stream: bool) -> str:
    """Apply the policy without a host, send the request directly, and return the rewritten answer."""
    selected = load_paths([POLICIES]).select(body["model"])
    assert selected is not None
    applied = Pipeline(selected.policy).apply(body, vector["endpoint"])
    with http.Client() as client:
        answer = client.post(backend.url + PATHS[vector["endpoint"]], json=applied.body).content
    texts = applied.create_filters()
    if texts is None:
        return str(answer.decode())
    if not stream:
        return rewrite_body(answer, texts, vector["endpoint"]).body.decode()
    rewriter = SSERewriter(texts, vector["endpoint"])
    return (rewriter.feed(answer) + rewriter.flush()).decode()


def test_every_cell_of_the_matrix_has_a_vector() -> None:
    assert all(count for _host, _endpoint, count in cells())


@WHOLE_AND_STREAMED
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
@pytest.mark.parametrize("host", AVAILABLE, ids=lambda host: host.name)
def test_every_host_sends_and_reads_the_same(
    hosts: dict[str, Post], backend: FakeBackend, host: Host, vector: dict[str, Any], stream: bool
) -> None:
    body = {"model": model_of(vector), **vector["request"], **({"stream": True} if stream else {})}
    backend.bodies.clear()

    if host.name == "pipeline":
        answer = apply_pipeline(backend, vector, body, stream=stream)
    else:
        answer = _read_text(hosts[host.name](PATHS[vector["endpoint"]], body))

    (sent,) = backend.bodies
    wanted = vector.get("sent_through_litellm", vector["sent"]) if "litellm" in host.name else vector["sent"]
    assert {key: sent.get(key) for key in wanted} == wanted, json.dumps(sent)
    expected = vector.get("read_through_litellm", vector["read"]) if "litellm" in host.name else vector["read"]
    assert read_texts(vector["endpoint"], answer, stream=stream) == expected
