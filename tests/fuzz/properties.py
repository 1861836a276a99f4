"""What holds of every request, however hostile: no fault, nothing changed that no rule touched, a refusal in form."""

from __future__ import annotations

import json
from typing import Any, Final

from prompt_policy.conditions.situation import TASK_HEADER
from prompt_policy.runtime.exchange import Exchange, open_exchange
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.replies import Reply
from prompt_policy.wire import Endpoint
from tests.fuzz.bodies import PATHS

UNREAD: Final = object()
"""What stands for a body that is JSON to nobody."""
REFUSED: Final = object()
"""What stands for a body that somebody may read and Python does not."""
_SAFE_DEPTH: Final = 150
_OPEN, _CLOSE = b"[{", b"]}"


def same(one: Any, other: Any) -> bool:
    """Compare as JSON texts compare, however deep: NaN is NaN, true is not 1, and 1 is not 1.0."""
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


def read(data: bytes) -> Any:
    """Read a body as Python's own servers do, and where they read nothing, as the most lenient ones do."""
    try:
        return json.loads(data)
    except RecursionError:
        return REFUSED
    except ValueError:
        text = data.decode(json.detect_encoding(data), errors="replace").lstrip(" \t\r\n")
    try:
        lenient, _end = json.JSONDecoder(parse_int=str).raw_decode(text)
    except (ValueError, RecursionError) as error:
        return REFUSED if isinstance(error, RecursionError) else UNREAD
    return REFUSED if isinstance(lenient, dict) else UNREAD


def is_deep(data: bytes) -> bool:
    """Tell whether JSON may be nested too deeply for somebody."""
    return max(data.count(b"["), data.count(b"{")) > _SAFE_DEPTH


def opened(policing: Policing, endpoint: Endpoint, data: bytes, task: str | None = None) -> Exchange:
    """Apply a policy to a body, with the caller's own word for the task."""
    return open_exchange(policing, PATHS[endpoint], {TASK_HEADER: task} if task else {}, data)


def assert_refusal(reply: Reply, endpoint: Endpoint, *statuses: int) -> None:
    """Assert that a refusal is one, in the endpoint's own form."""
    error = json.loads(reply.body)["error"]
    assert reply.status in (statuses or (400,)), error
    assert reply.headers["content-type"] == "application/json"
    assert error["type"] == "invalid_request_error"
    assert isinstance(error["message"], str)
    assert (endpoint == "messages") is ("code" not in error)


def check_request(policing: Policing, endpoint: Endpoint, data: bytes) -> Exchange:
    """Assert what holds of every body of a request under any policy, and return the exchange."""
    exchange, came = opened(policing, endpoint, data), read(data)
    applied = exchange.applied
    if exchange.refusal is not None:
        assert_refusal(exchange.refusal, endpoint)
        assert came is REFUSED or is_deep(data) or (applied is not None and applied.decision.refused)
        return exchange
    assert came is not REFUSED, "somebody may read it"
    if not isinstance(came, dict):
        assert applied is None
        assert exchange.body is data
        return exchange
    assert applied is not None
    assert not applied.decision.has_fault
    assert (exchange.body is data) is (not applied.decision.fired)
    if applied.decision.fired:
        _check_change(exchange, endpoint, came)
        again = opened(policing, endpoint, exchange.body, applied.decision.task)
        assert again.refusal is None or is_deep(data)
        assert again.refusal is not None or again.body is exchange.body, (
            "applied to its own output it changed something"
        )
    return exchange


def _check_change(exchange: Exchange, endpoint: Endpoint, came: dict[str, Any]) -> None:
    """Assert that a changed body says the same wherever no rule touched it, and that it is plain JSON for all."""
    assert exchange.applied is not None
    sent = json.loads(exchange.body)
    outcomes = exchange.applied.decision.outcomes
    touched = {
        change.path.partition(".")[0] for outcome in outcomes for change in outcome.changes if not outcome.audited
    }
    if "input" in touched or "messages" in touched:
        touched |= {"instructions"} if endpoint == "responses" else {"system"} if endpoint == "messages" else set()
    kept = [key for key in came if key not in touched]
    assert [key for key in sent if key not in touched] == kept
    for key in kept:
        assert same(sent[key], came[key]), key
    for key in ("messages", "input"):
        if key in touched and isinstance(came.get(key), list):
            foreign = [item for item in came[key] if not isinstance(item, dict) or not _may_change(item)]
            left = [item for item in sent[key] if not isinstance(item, dict) or not _may_change(item)]
            assert same(left, foreign), "messages that are nobody's text"


def _may_change(item: dict[str, Any]) -> bool:
    return item.get("role") in ("system", "developer", "user", "assistant") or item.get("type") == "reasoning"


def check_untouched(policing: Policing, endpoint: Endpoint, data: bytes) -> Exchange:
    """Assert that a policy of which nothing takes effect hands on the very bytes."""
    exchange = opened(policing, endpoint, data)
    if exchange.refusal is not None:
        assert_refusal(exchange.refusal, endpoint)
        assert read(data) is REFUSED or is_deep(data)
    else:
        assert read(data) is not REFUSED
        assert exchange.body is data
        assert exchange.applied is None or not exchange.applied.decision.has_fault
    return exchange
