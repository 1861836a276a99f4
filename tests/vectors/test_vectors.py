"""The same requests and answers through every host: what is sent and what is read does not depend on it."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import Pipeline, load
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.family import installed_family
from prompt_policy.runtime.replies import AnswerStream, whole_reply
from tests.e2e.fake_backend import FakeBackend, running
from tests.vectors.cells import HERE, HOSTS, VECTORS, Host, cells
from tests.vectors.reading import PATHS, read

http = importlib.import_module(installed_family())
POLICY = HERE / "policy.yaml"
KEY = "sk-a-key-for-these-tests-only-0123456789"
HEADERS = {"authorization": f"Bearer {KEY}"}
HERE_NOW = [host for host in HOSTS if host.is_here]
Post = Callable[[str, dict[str, Any]], Any]


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    """The server behind every host; it answers each vector's model with the vector's pieces."""
    answers = {f"vector-{vector['name']}": vector["answer"] for vector in VECTORS}
    with running(FakeBackend(answers=answers)) as serving:
        yield serving


@pytest.fixture(scope="module")
def hosts(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Post]]:
    """What posts a body to a path, for each host over a network; the path's response comes back, read."""
    from tests.echoes import served

    with ExitStack() as stack:
        roots = {"asgi": stack.enter_context(served(PolicyMiddleware(backend.app(), POLICY)))}
        if any(host.name == "litellm" for host in HERE_NOW):
            roots["litellm"] = stack.enter_context(_proxied(backend, tmp_path_factory.mktemp("proxy")))
        plain = stack.enter_context(http.Client(timeout=60))

        def poster(host: Host) -> Post:
            root = roots["litellm"] if "litellm" in host.name else roots.get(host.name, backend.url)
            if host.name in roots:
                return lambda path, body: plain.post(root + path, json=body, headers=HEADERS)
            if "openai" in host.name:
                return _sdk(root, is_async=host.name.startswith("async"))
            return _client(root, host.family, is_async=host.name.startswith("async"))

        yield {host.name: poster(host) for host in HERE_NOW if host.name != "pipeline"}


def _client(root: str, family: str, *, is_async: bool) -> Post:
    module = importlib.import_module(family)

    def post(path: str, body: dict[str, Any]) -> Any:
        with policy_http_client(POLICY, module.Client(timeout=60)) as client:
            return client.post(root + path, json=body, headers=HEADERS)

    async def post_async(path: str, body: dict[str, Any]) -> Any:
        async with policy_http_client(POLICY, module.AsyncClient(timeout=60)) as client:
            return await client.post(root + path, json=body, headers=HEADERS)

    return (lambda path, body: asyncio.run(post_async(path, body))) if is_async else post


def _sdk(root: str, *, is_async: bool) -> Post:
    import openai

    from prompt_policy.openai import wrap

    options: dict[str, Any] = {"base_url": f"{root}/v1", "api_key": KEY, "max_retries": 0}

    def post(path: str, body: dict[str, Any]) -> Any:
        with wrap(openai.OpenAI(**options), POLICY) as client:
            return client.post(path.removeprefix("/v1"), body=body, cast_to=http.Response)

    async def post_async(path: str, body: dict[str, Any]) -> Any:
        async with wrap(openai.AsyncOpenAI(**options), POLICY) as client:
            return await client.post(path.removeprefix("/v1"), body=body, cast_to=http.Response)

    return (lambda path, body: asyncio.run(post_async(path, body))) if is_async else post


def _text(response: Any) -> str:
    assert response.status_code == 200, response.text
    assert response.headers["x-prompt-policy"].startswith("vectors@")
    return str(response.text)


def _proxied(backend: FakeBackend, folder: Path) -> Any:
    from contextlib import contextmanager

    from tests.e2e.proxy import proxy

    @contextmanager
    def started() -> Iterator[str]:
        parameters = {"model": "hosted_vllm/*", "api_base": f"{backend.url}/v1", "api_key": "none"}
        config = {
            "model_list": [{"model_name": "*", "litellm_params": parameters}],
            "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"]},
            "callback_settings": {"prompt_policy": {"path": str(POLICY)}},
            "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
        }
        with proxy(config, folder) as made:
            yield made.url

    return started()


def through_the_pipeline(backend: FakeBackend, vector: dict[str, Any], body: dict[str, Any], *, stream: bool) -> str:
    """Apply the policy without any host, and ask the server directly."""
    applied = Pipeline(load(POLICY)).apply(body, vector["endpoint"])
    with http.Client() as client:
        answer = client.post(backend.url + PATHS[vector["endpoint"]], json=applied.body).content
    texts = applied.answer()
    if texts is None:
        return str(answer.decode())
    if not stream:
        return whole_reply(answer, texts, vector["endpoint"]).body.decode()
    rewriter = AnswerStream(texts, vector["endpoint"])
    return (rewriter.feed(answer) + rewriter.end()).decode()


def test_every_cell_has_a_vector() -> None:
    assert all(count for _host, _endpoint, count in cells())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
@pytest.mark.parametrize("host", HERE_NOW, ids=lambda host: host.name)
def test_every_host_sends_and_reads_the_same(
    hosts: dict[str, Post], backend: FakeBackend, host: Host, vector: dict[str, Any], stream: bool
) -> None:
    body = {"model": f"vector-{vector['name']}", **vector["request"], **({"stream": True} if stream else {})}
    backend.bodies.clear()

    if host.name == "pipeline":
        answer = through_the_pipeline(backend, vector, body, stream=stream)
    else:
        answer = _text(hosts[host.name](PATHS[vector["endpoint"]], body))

    (sent,) = backend.bodies
    assert {key: sent.get(key) for key in vector["sent"]} == vector["sent"], json.dumps(sent)
    wanted = vector.get("read_through_litellm", vector["read"]) if "litellm" in host.name else vector["read"]
    assert read(vector["endpoint"], answer, stream=stream) == wanted
