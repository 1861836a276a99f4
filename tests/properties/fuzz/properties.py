"""Properties of every request, also a hostile one: no internal error, no change without a rule, rejections in form."""

from __future__ import annotations

import json
from typing import Any, Final

from prompt_policy.conditions.context import TASK_HEADER
from prompt_policy.runtime.exchange import Exchange, open_exchange
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.response_rewriter import Reply
from prompt_policy.wire import Endpoint
from tests.support.responses import PATHS

UNPARSABLE: Final = object()
"""Stands for a body that is not JSON to any parser."""
AMBIGUOUS: Final = object()
"""Stands for a body that lenient parsers may accept and Python's does not."""
_SAFE_DEPTH: Final = 150
_OPEN, _CLOSE = b"[{", b"]}"


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values of any depth have the same JSON text: NaN is NaN, true is not 1, and 1 is not 1.0."""
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict):
            if list(a) != list(b):
                return False
            waiting += [(a[key], b[key]) for key in a]
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif repr(a) != repr(b):
            return False
    return True


def parse_body(data: bytes) -> Any:
    """Parse a body as servers in Python do, and if they fail, as the most lenient servers do."""
    try:
        return json.loads(data)
    except RecursionError:
        return AMBIGUOUS
    except ValueError:
        text = data.decode(json.detect_encoding(data), errors="replace").lstrip(" \t\r\n")
    try:
        lenient, _end = json.JSONDecoder(parse_int=str).raw_decode(text)
    except (ValueError, RecursionError) as error:
        return AMBIGUOUS if isinstance(error, RecursionError) else UNPARSABLE
    return AMBIGUOUS if isinstance(lenient, dict) else UNPARSABLE


def is_deep(data: bytes) -> bool:
    """Return whether JSON may be nested too deeply for some parser."""
    return max(data.count(b"["), data.count(b"{")) > _SAFE_DEPTH


def open_fuzzed(resolver: PolicyResolver, endpoint: Endpoint, data: bytes, task: str | None = None) -> Exchange:
    """Apply a policy to a body, with a task set by the caller."""
    return open_exchange(resolver, PATHS[endpoint], {TASK_HEADER: task} if task else {}, data)


def check_rejection(reply: Reply, endpoint: Endpoint, *statuses: int) -> None:
    """Assert that a response is a rejection in the format of the endpoint."""
    error = json.loads(reply.body)["error"]
    assert reply.status in (statuses or (400,)), error
    assert reply.headers["content-type"] == "application/json"
    assert error["type"] == "invalid_request_error"
    assert isinstance(error["message"], str)
    assert (endpoint == "messages") is ("code" not in error)


def check_request(resolver: PolicyResolver, endpoint: Endpoint, data: bytes) -> Exchange:
    """Assert the properties of a request under any policy, and return the exchange."""
    exchange, original = open_fuzzed(resolver, endpoint, data), parse_body(data)
    applied = exchange.applied
    if exchange.refusal is not None:
        check_rejection(exchange.refusal, endpoint)
        assert original is AMBIGUOUS or is_deep(data) or (applied is not None and applied.decision.refused)
        return exchange
    assert original is not AMBIGUOUS, "a lenient parser may accept it"
    if not isinstance(original, dict):
        assert applied is None
        assert exchange.body is data
        return exchange
    assert applied is not None
    assert not applied.decision.has_fault
    assert (exchange.body is data) is (not applied.decision.fired)
    if applied.decision.fired:
        _check_change(exchange, endpoint, original)
        again = open_fuzzed(resolver, endpoint, exchange.body, applied.decision.task)
        assert again.refusal is None or is_deep(data)
        assert again.refusal is not None or again.body is exchange.body, "the policy changed its own output"
    return exchange


def _check_change(exchange: Exchange, endpoint: Endpoint, original: dict[str, Any]) -> None:
    """Assert that a changed body is JSON, and the same as the original except for the changes of the rules."""
    assert exchange.applied is not None
    sent = json.loads(exchange.body)
    outcomes = exchange.applied.decision.outcomes
    touched = {
        change.path.partition(".")[0] for outcome in outcomes for change in outcome.changes if not outcome.audited
    }
    if "input" in touched or "messages" in touched:
        touched |= {"instructions"} if endpoint == "responses" else {"system"} if endpoint == "messages" else set()
    preserved = [key for key in original if key not in touched]
    assert [key for key in sent if key not in touched] == preserved
    for key in preserved:
        assert is_same(sent[key], original[key]), key
    for key in ("messages", "input"):
        if key in touched and isinstance(original.get(key), list):
            foreign = [item for item in original[key] if not isinstance(item, dict) or not _may_change(item)]
            remaining = [item for item in sent[key] if not isinstance(item, dict) or not _may_change(item)]
            assert is_same(remaining, foreign), "messages of other roles are preserved"


def _may_change(item: dict[str, Any]) -> bool:
    return item.get("role") in ("system", "developer", "user", "assistant") or item.get("type") == "reasoning"


def check_unchanged(resolver: PolicyResolver, endpoint: Endpoint, data: bytes) -> Exchange:
    """Assert that a policy without effect forwards the same bytes."""
    exchange = open_fuzzed(resolver, endpoint, data)
    if exchange.refusal is not None:
        check_rejection(exchange.refusal, endpoint)
        assert parse_body(data) is AMBIGUOUS or is_deep(data)
    else:
        assert parse_body(data) is not AMBIGUOUS
        assert exchange.body is data
        assert exchange.applied is None or not exchange.applied.decision.has_fault
    return exchange
