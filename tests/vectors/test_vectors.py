"""The same requests and answers through every host: what is sent and what is read does not depend on it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from prompt_policy import Pipeline, load
from prompt_policy.asgi import PolicyMiddleware
from prompt_policy.httpx import policy_http_client
from prompt_policy.httpx.family import installed_family
from prompt_policy.runtime.replies import AnswerStream, whole_reply
from tests.e2e.fake_backend import FakeBackend, running
from tests.vectors.reading import PATHS, read

http = importlib.import_module(installed_family())
HERE = Path(__file__).parent
POLICY = HERE / "policy.yaml"
VECTORS: list[dict[str, Any]] = yaml.safe_load((HERE / "vectors.yaml").read_text())
HAS_LITELLM = importlib.util.find_spec("litellm") is not None
HOSTS = ["pipeline", "asgi", "http-client", *(["litellm", "http-client-before-litellm"] if HAS_LITELLM else [])]
Post = Callable[[str, dict[str, Any]], str]


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    """The server behind every host; it answers each vector's model with the vector's pieces."""
    answers = {f"vector-{vector['name']}": vector["answer"] for vector in VECTORS}
    with running(FakeBackend(answers=answers)) as serving:
        yield serving


@pytest.fixture(scope="module")
def hosts(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Post]]:
    """What posts a body to a path, for each host over a network; the path's answer comes back as text."""
    from tests.echoes import served

    with ExitStack() as stack:
        client, policing = stack.enter_context(http.Client(timeout=60)), policy_http_client(POLICY)
        stack.callback(policing.close)
        roots = {"asgi": stack.enter_context(served(PolicyMiddleware(backend.app(), POLICY)))}
        if HAS_LITELLM:
            roots["litellm"] = stack.enter_context(_proxied(backend, tmp_path_factory.mktemp("proxy")))
            roots["http-client-before-litellm"] = roots["litellm"]
        roots["http-client"] = backend.url

        def poster(host: str) -> Post:
            sender = policing if host.startswith("http-client") else client
            return lambda path, body: _text(sender.post(roots[host] + path, json=body, headers=_headers()))

        yield {host: poster(host) for host in roots}


def _headers() -> dict[str, str]:
    return {"authorization": "Bearer sk-a-key-for-these-tests-only-0123456789"}


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


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
@pytest.mark.parametrize("host", HOSTS)
def test_every_host_sends_and_reads_the_same(
    hosts: dict[str, Post], backend: FakeBackend, host: str, vector: dict[str, Any], stream: bool
) -> None:
    body = {"model": f"vector-{vector['name']}", **vector["request"], **({"stream": True} if stream else {})}
    backend.bodies.clear()

    if host == "pipeline":
        answer = through_the_pipeline(backend, vector, body, stream=stream)
    else:
        answer = hosts[host](PATHS[vector["endpoint"]], body)

    (sent,) = backend.bodies
    assert {key: sent.get(key) for key in vector["sent"]} == vector["sent"], json.dumps(sent)
    wanted = vector.get("read_through_litellm", vector["read"]) if "litellm" in host else vector["read"]
    assert read(vector["endpoint"], answer, stream=stream) == wanted
