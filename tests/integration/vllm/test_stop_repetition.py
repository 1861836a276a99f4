"""Generations of a real vLLM that loop are ended: by the middleware, by a wrapped client, and by the engine itself."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml

from prompt_policy import Policy
from prompt_policy.httpx import policy_http_client
from prompt_policy.kinds.filters.repetition import CHECK_INTERVAL_CHARS
from tests.integration.vllm.conftest import GUARDED
from tests.support.vllm_server import Server, tokenize
from tests.support.waiting import wait_until

pytestmark = pytest.mark.exclusive

MAX_TOKENS = 30_000
"""Thirty times what is generated until a loop is found, so that a busy machine has time to notify the engine."""

Post = Callable[[str, dict[str, Any]], httpx.Response]


def read_metric(root: str, name: str) -> float:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{root}/metrics", timeout=60) as response:
        lines = response.read().decode().splitlines()
    samples = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{")]
    assert samples, f"the engine has no metric {name}"
    return sum(samples)


def count_tokens(root: str, post: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    """Return a response, and the number of tokens that the engine generated until no request was running."""
    before = read_metric(root, "vllm:generation_tokens_total")
    response = post()
    wait_until(lambda: read_metric(root, "vllm:num_requests_running") == 0)
    return response, read_metric(root, "vllm:generation_tokens_total") - before


def create_loop(root: str, model: str, **keys: Any) -> dict[str, Any]:
    """Return a request whose greedy generation repeats one of two characters, up to the token limit."""
    tokens = [token for text in ("a", "\n") for token in tokenize(root, text)]
    return {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0,
        "max_tokens": MAX_TOKENS,
        "ignore_eos": True,
        "allowed_token_ids": tokens,
        **keys,
    }


def post_plainly(url: str, body: dict[str, Any]) -> httpx.Response:
    with httpx.Client(timeout=300, trust_env=False) as client:
        return client.post(url, json=body)


def post_wrapped(url: str, body: dict[str, Any]) -> httpx.Response:
    """Send a request to the name without a policy in the engine, by a client with the policy."""
    with policy_http_client(read_policy(GUARDED), httpx.Client(timeout=300, trust_env=False)) as client:
        response = client.post(url, json={**body, "model": "plain"})
    assert isinstance(response, httpx.Response)
    return response


def read_policy(text: str) -> Policy:
    return Policy.model_validate({**yaml.safe_load(text), "applies_to": {"models": ["*"]}})


def read_chunks(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: {")]


@pytest.mark.parametrize("post", [post_plainly, post_wrapped], ids=["middleware", "wrapped client"])
@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"structured_outputs": {"regex": "(I am in a loop\\. )+"}, "allowed_token_ids": None, "min_tokens": MAX_TOKENS},
    ],
    ids=["a character", "a sentence"],
)
def test_looping_stream_ends_and_the_engine_stops(
    keys: dict[str, Any], post: Post, servers: dict[bool, Server]
) -> None:
    root = servers[False].root
    body = create_loop(root, "guarded", stream=True, **keys)
    response, tokens = count_tokens(root, lambda: post(f"{root}/v1/chat/completions", body))

    choices = [choice for chunk in read_chunks(response) for choice in chunk["choices"]]
    assert len("".join(choice["delta"].get("content") or "" for choice in choices)) % CHECK_INTERVAL_CHARS == 0
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["stop"]
    assert response.text.endswith("data: [DONE]\n\n")
    assert 0 < tokens < 0.8 * MAX_TOKENS


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_engine_ends_the_loop_if_a_clamp_requires_it(stream: bool, servers: dict[bool, Server]) -> None:
    root = servers[False].root
    body = create_loop(root, "detecting", stream=stream)
    response, tokens = count_tokens(root, lambda: post_plainly(f"{root}/v1/chat/completions", body))

    chunks = read_chunks(response) if stream else [response.json()]
    reasons = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]
    assert reasons == ["repetition"]
    assert 0 < tokens < 0.8 * MAX_TOKENS


def test_loop_goes_on_without_a_guard(servers: dict[bool, Server]) -> None:
    root = servers[False].root
    body = create_loop(root, "plain", stream=True, max_tokens=900)
    _response, tokens = count_tokens(root, lambda: post_plainly(f"{root}/v1/chat/completions", body))
    assert tokens == 900
