"""One httpx request and its response, without I/O."""

from __future__ import annotations

import importlib
import json
import logging
from typing import Any

import pytest

from prompt_policy import PolicySet, UsageError
from prompt_policy.httpx.backends import detect_installed_library
from prompt_policy.httpx.exchange import HttpExchange, ServerSettings, find_server_limits, is_policy_endpoint
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.wire.backends import NO_LIMITS
from tests.support.policies import chat, policy_of

module = importlib.import_module(detect_installed_library())
URL = "http://127.0.0.1:9/v1/chat/completions"
CLAMP = {"kind": "clamp", "parameters": {"temperature": {"max": 0.7}}}
STRIP = {"kind": "filter_whitespace"}
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=x"}


def request(body: Any, **headers: str) -> Any:
    return module.Request("POST", URL, json=body, headers=headers, extensions={"timeout": {"read": 3}})


def open_exchange(original: Any, *rules: dict[str, Any]) -> HttpExchange | None:
    resolver = PolicyResolver(PolicySet([policy_of(*rules, applies_to={"models": ["m"]})]))
    return HttpExchange.open(module, original, resolver, ServerSettings())


@pytest.mark.parametrize(
    ("method", "path", "covered"),
    [("POST", "/v1/chat/completions", True), ("GET", "/v1/chat/completions", False), ("POST", "/v1/files", False)],
)
def test_only_posts_to_policy_endpoints_are_covered(method: str, path: str, covered: bool) -> None:
    assert is_policy_endpoint(module.Request(method, f"http://127.0.0.1:9{path}")) is covered


def test_changed_request_preserves_headers_and_extensions() -> None:
    original = request(chat("Hi", model="m", temperature=1.25), **{"x-mine": "1"})
    exchange = open_exchange(original, CLAMP)
    assert exchange is not None

    sent = exchange.outgoing_request()

    assert json.loads(sent.content)["temperature"] == 0.7
    assert int(sent.headers["content-length"]) == len(sent.content)
    assert (sent.headers["x-mine"], sent.extensions) == ("1", original.extensions)


def test_unchanged_request_is_the_same_object() -> None:
    original = request(chat("Hi", model="m"))
    exchange = open_exchange(original, CLAMP)

    assert exchange is not None
    assert exchange.outgoing_request() is original
    assert exchange.rejection() is None


def test_model_without_policy_has_no_exchange() -> None:
    assert open_exchange(request(chat("Hi", model="other")), CLAMP) is None


def test_rewritten_answer_is_requested_uncompressed() -> None:
    exchange = open_exchange(request(chat("Hi", model="m"), **{"accept-encoding": "gzip"}), STRIP)

    assert exchange is not None
    assert exchange.outgoing_request().headers["accept-encoding"] == "identity"


def test_repeated_policy_headers_are_joined(caplog: pytest.LogCaptureFixture) -> None:
    headers = [("x-prompt-policy-skip", "one"), ("X-Prompt-Policy-Skip", "two")]
    original = module.Request("POST", URL, json=chat("Hi", model="m", temperature=1.25), headers=headers)

    with caplog.at_level(logging.INFO, "prompt_policy.decision"):
        exchange = open_exchange(original, CLAMP)

    assert exchange is not None
    decision = caplog.records[-1].getMessage()
    assert json.loads(decision)["denied_skips"] == ["one", "two"]


@pytest.mark.parametrize(("temperature", "refused"), [(1.25, True), (0.5, False)])
def test_signed_request_is_refused_if_it_would_change(temperature: float, refused: bool) -> None:
    exchange = open_exchange(request(chat("Hi", model="m", temperature=temperature), **SIGNED), CLAMP)
    assert exchange is not None

    response = exchange.rejection()

    assert (response is not None and response.status_code == 400) is refused


@pytest.mark.parametrize(("agent", "temperature"), [("opencode/1.2", 0.7), ("curl/8", 1.25)])
def test_conditions_read_the_headers_that_policies_name(agent: str, temperature: float) -> None:
    rule = {**CLAMP, "when": {"headers": {"User-Agent": {"contains": "opencode"}}, "not": {"provider": "*"}}}
    original = request(chat("Hi", model="m", temperature=1.25), **{"user-agent": agent})
    exchange = open_exchange(original, rule)
    assert exchange is not None
    assert json.loads(exchange.outgoing_request().content)["temperature"] == temperature


def test_a_backend_is_an_argument_before_it_is_a_variable() -> None:
    variables = {"PROMPT_POLICY_BACKEND": "groq"}
    assert find_server_limits("vllm", variables) == find_server_limits(None, {}) == NO_LIMITS
    assert "top_k" in find_server_limits(None, variables).unsupported_parameters


@pytest.mark.parametrize(("backend", "where"), [("grok", "^backend"), (None, "^PROMPT_POLICY_BACKEND")])
def test_an_unknown_backend_names_the_setting(backend: str | None, where: str) -> None:
    with pytest.raises(UsageError, match=f"{where}: unknown backend 'grok' .did you mean 'groq'"):
        find_server_limits(backend, {"PROMPT_POLICY_BACKEND": "grok"})
