"""Bodies at the edges of what can be read: as deep as any recursion limit, thousands of messages, texts of 10 MB."""

from __future__ import annotations

from typing import Any, Final

import pytest

from prompt_policy.wire import Endpoint
from tests.fuzz.answer_properties import check_stream, check_whole
from tests.fuzz.answers import EVENTS, WHOLE, text_body
from tests.fuzz.bodies import ENDPOINTS, SEEDS
from tests.fuzz.policies import ENFORCED, UNTOUCHING
from tests.fuzz.properties import check_request, check_untouched, opened
from tests.fuzz.spelling import Spelled, nested, spelled
from tests.fuzz.values import DEPTHS, UNREADABLE

EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS)
POLICY = pytest.mark.parametrize("policy", ENFORCED)
PLACE: Final[dict[Endpoint, str]] = {
    "chat": "messages",
    "completions": "prompt",
    "responses": "input",
    "messages": "messages",
}
MEGABYTES: Final = 10 * 2**20
LONG: Final = {
    "letters": "a" * MEGABYTES,
    "blank lines": "\n" * MEGABYTES,
    "spaces": " " * MEGABYTES,
    "thoughts": "<think>" * (MEGABYTES // 7),
    "ends of thoughts": "</think>\n" * (MEGABYTES // 9),
    "fences": "```\n" * (MEGABYTES // 4),
    "characters": "求导数" * (MEGABYTES // 9),
    "NUL": Spelled('"' + "\\u0000" * (MEGABYTES // 6) + '"'),
    "halves of pairs": Spelled('"' + "\\ud800" * (MEGABYTES // 6) + '"'),
}


def body_with(endpoint: Endpoint, content: Any, **keys: Any) -> bytes:
    """Return a body with a turn of each role and one content."""
    turns = [{"role": role, "content": content} for role in ("system", "user", "assistant")]
    return spelled({"temperature": 9, **keys, PLACE[endpoint]: turns}).encode()


@EVERY
@POLICY
@pytest.mark.parametrize("inside", [None, "metadata", "role"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_nesting(endpoint: Endpoint, policy: str, inside: str | None, depth: int) -> None:
    deep = nested(depth, key="content" if depth % 2 else None)
    if inside == "role":
        body = {"temperature": 9, PLACE[endpoint]: [{"role": deep, "content": "Hi"}, {"role": "user", "content": deep}]}
    else:
        body = {**SEEDS[endpoint][0], "metadata" if inside else PLACE[endpoint]: deep}
    check_request(ENFORCED[policy], endpoint, spelled(body).encode())


@EVERY
@pytest.mark.parametrize("depth", DEPTHS)
def test_nesting_in_answers(endpoint: Endpoint, depth: int) -> None:
    exchange, deep = opened(ENFORCED["all kinds"], endpoint, text_body(endpoint)), nested(depth)
    check_whole(exchange, spelled({**WHOLE[endpoint][0], "deep": deep}).encode())
    events = "".join(f"data: {spelled({**event, 'deep': deep})}\n\n" for event in EVENTS[endpoint])
    out = check_stream(exchange, endpoint, events.encode(), [len(events) // 2])
    assert out.count(b'"deep"') >= 1


@EVERY
@POLICY
@pytest.mark.parametrize("number", UNREADABLE, ids=["long", "longer"])
def test_numbers_that_python_does_not_read_are_refused(endpoint: Endpoint, policy: str, number: Spelled) -> None:
    exchange = check_request(ENFORCED[policy], endpoint, body_with(endpoint, "Hi", top_k=number))
    assert exchange.refusal is not None


@EVERY
@pytest.mark.parametrize("policy", [*ENFORCED, *UNTOUCHING])
@pytest.mark.parametrize(
    "roles", [["system", "user"], ["user"], ["system"], ["assistant", "tool", "user"]], ids="-".join
)
def test_thousands_of_messages(endpoint: Endpoint, policy: str, roles: list[str]) -> None:
    turns = [{"role": roles[n % len(roles)], "content": "Hi"} for n in range(3_000)]
    data = spelled({"temperature": 9, PLACE[endpoint]: turns}).encode()
    if policy in ENFORCED:
        check_request(ENFORCED[policy], endpoint, data)
    else:
        check_untouched(UNTOUCHING[policy], endpoint, data)


@pytest.mark.parametrize("text", LONG)
def test_texts_of_10_mb(text: str) -> None:
    check_request(ENFORCED["shipped"], "chat", body_with("chat", LONG[text]))


@pytest.mark.parametrize("text", ["letters", "spaces", "halves of pairs"])
def test_answers_of_10_mb(text: str) -> None:
    exchange = opened(ENFORCED["shipped"], "chat", text_body("chat"))
    check_whole(exchange, spelled({"choices": [{"index": 0, "message": {"content": LONG[text]}}]}).encode())
    event = {"choices": [{"index": 0, "delta": {"content": LONG[text]}}]}
    check_stream(exchange, "chat", f"data: {spelled(event)}\n\n".encode(), [5 * 2**20])
