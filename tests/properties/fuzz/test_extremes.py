"""Bodies at the limits of parsers: nested as deeply as any recursion limit, thousands of messages, texts of 10 MB."""

from __future__ import annotations

from typing import Any, Final

import pytest

from prompt_policy.wire import Endpoint
from tests.properties.fuzz.answer_properties import check_stream, check_whole
from tests.properties.fuzz.answers import EVENTS, WHOLE, build_request_body
from tests.properties.fuzz.bodies import ENDPOINTS, SEEDS
from tests.properties.fuzz.json_text import RawJson, nest, write_json
from tests.properties.fuzz.policies import ENFORCED, INEFFECTIVE
from tests.properties.fuzz.properties import check_request, check_unchanged, open_fuzzed
from tests.properties.fuzz.values import DEPTHS, TOO_LONG_NUMBERS

EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS)
EACH_POLICY = pytest.mark.parametrize("policy", ENFORCED)
TURNS_FIELD: Final[dict[Endpoint, str]] = {
    "chat": "messages",
    "completions": "prompt",
    "responses": "input",
    "messages": "messages",
}
TEN_MB: Final = 10 * 2**20
LONG: Final = {
    "letters": "a" * TEN_MB,
    "blank lines": "\n" * TEN_MB,
    "spaces": " " * TEN_MB,
    "opening tags": "<think>" * (TEN_MB // 7),
    "closing tags": "</think>\n" * (TEN_MB // 9),
    "fences": "```\n" * (TEN_MB // 4),
    "characters": "求导数" * (TEN_MB // 9),
    "NUL": RawJson('"' + "\\u0000" * (TEN_MB // 6) + '"'),
    "lone surrogates": RawJson('"' + "\\ud800" * (TEN_MB // 6) + '"'),
}


def build_body(endpoint: Endpoint, content: Any, **keys: Any) -> bytes:
    """Return a body with one turn of each role, all with the same content."""
    turns = [{"role": role, "content": content} for role in ("system", "user", "assistant")]
    return write_json({"temperature": 9, **keys, TURNS_FIELD[endpoint]: turns}).encode()


@EACH_ENDPOINT
@EACH_POLICY
@pytest.mark.parametrize("inside", [None, "metadata", "role"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_deeply_nested_requests(endpoint: Endpoint, policy: str, inside: str | None, depth: int) -> None:
    deep = nest(depth, key="content" if depth % 2 else None)
    if inside == "role":
        body = {
            "temperature": 9,
            TURNS_FIELD[endpoint]: [{"role": deep, "content": "Hi"}, {"role": "user", "content": deep}],
        }
    else:
        body = {**SEEDS[endpoint][0], "metadata" if inside else TURNS_FIELD[endpoint]: deep}
    check_request(ENFORCED[policy], endpoint, write_json(body).encode())


@EACH_ENDPOINT
@pytest.mark.parametrize("depth", DEPTHS)
def test_deeply_nested_answers(endpoint: Endpoint, depth: int) -> None:
    exchange, deep = open_fuzzed(ENFORCED["all kinds"], endpoint, build_request_body(endpoint)), nest(depth)
    check_whole(exchange, write_json({**WHOLE[endpoint][0], "deep": deep}).encode())
    events = "".join(f"data: {write_json({**event, 'deep': deep})}\n\n" for event in EVENTS[endpoint])
    out = check_stream(exchange, endpoint, events.encode(), [len(events) // 2])
    assert out.count(b'"deep"') >= 1


@EACH_ENDPOINT
@EACH_POLICY
@pytest.mark.parametrize("number", TOO_LONG_NUMBERS, ids=["long", "longer"])
def test_numbers_that_python_cannot_parse_are_rejected(endpoint: Endpoint, policy: str, number: RawJson) -> None:
    exchange = check_request(ENFORCED[policy], endpoint, build_body(endpoint, "Hi", top_k=number))
    assert exchange.refusal is not None


@EACH_ENDPOINT
@pytest.mark.parametrize("policy", [*ENFORCED, *INEFFECTIVE])
@pytest.mark.parametrize(
    "roles", [["system", "user"], ["user"], ["system"], ["assistant", "tool", "user"]], ids="-".join
)
def test_thousands_of_messages(endpoint: Endpoint, policy: str, roles: list[str]) -> None:
    turns = [{"role": roles[n % len(roles)], "content": "Hi"} for n in range(3_000)]
    data = write_json({"temperature": 9, TURNS_FIELD[endpoint]: turns}).encode()
    if policy in ENFORCED:
        check_request(ENFORCED[policy], endpoint, data)
    else:
        check_unchanged(INEFFECTIVE[policy], endpoint, data)


@pytest.mark.parametrize("text", LONG)
def test_requests_of_10_mb(text: str) -> None:
    check_request(ENFORCED["shipped"], "chat", build_body("chat", LONG[text]))


@pytest.mark.parametrize("text", ["letters", "spaces", "lone surrogates"])
def test_answers_of_10_mb(text: str) -> None:
    exchange = open_fuzzed(ENFORCED["shipped"], "chat", build_request_body("chat"))
    check_whole(exchange, write_json({"choices": [{"index": 0, "message": {"content": LONG[text]}}]}).encode())
    event = {"choices": [{"index": 0, "delta": {"content": LONG[text]}}]}
    check_stream(exchange, "chat", f"data: {write_json(event)}\n\n".encode(), [5 * 2**20])
