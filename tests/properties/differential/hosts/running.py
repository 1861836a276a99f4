"""What the hosts share: a way to run a coroutine that waits for nothing, and the forms of what they return."""

from __future__ import annotations

import copy
import json
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from prompt_policy import Refusal
from tests.properties.differential.case import BY_MODEL_NAME, Case

Result = dict[str, Any]
"""What a host made of a case. ``{"bytes": …}`` and ``{"stream": […]}`` hold bytes, which are compared as JSON."""


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    coroutine.close()
    raise AssertionError("the coroutine waits for something")


def payload(data: bytes) -> Result:
    """Return bytes that may be JSON."""
    return {"bytes": data.decode("latin-1")}


def stream(pieces: Iterable[bytes]) -> Result:
    """Return the pieces of a stream, in the order in which the client receives them."""
    return {"stream": [piece.decode("latin-1") for piece in pieces]}


def headers(pairs: Iterable[tuple[Any, Any]]) -> list[list[str]]:
    """Return headers in their order, as text."""
    return [[_text(name).lower(), _text(value)] for name, value in pairs]


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def refusal(refused: Refusal | None) -> Result | None:
    """Return a refusal."""
    return None if refused is None else {"status": refused.status, "body": refused.body()}


def raised(error: Exception) -> Result:
    """Return an exception by its type; its words may quote the case."""
    return {"raised": [each.__name__ for each in type(error).__mro__[:3]], "says": str(error)[:300]}


def shown(value: Any) -> str:
    """Return a value in words that tell apart all that differs in JSON; nothing if it is nested too deeply."""
    try:
        return repr(value)
    except RecursionError:
        return ""


def parse(case: Case) -> tuple[Any, Any]:
    """Return the request's body as an object, and a copy of it; an empty one if it is no object."""
    try:
        body = json.loads(case.body)
        return (body, copy.deepcopy(body)) if isinstance(body, dict) else ({}, {})
    except (ValueError, RecursionError):
        return {}, {}


def is_same(out: bytes, piece: bytes) -> bool:
    """Return whether bytes pass as the very object; Python shares the object of a single byte, or does not."""
    return out is piece or (len(piece) < 2 and out == piece)


def written(value: Any) -> Result:
    """Return an object as JSON, or in words if JSON cannot hold it."""
    try:
        return payload(json.dumps(value).encode())
    except (TypeError, ValueError, RecursionError):
        return {"shown": shown(value)}


def is_by_name(case: Case) -> bool:
    """Return whether the model's name chooses the policy."""
    return case.place.policy == BY_MODEL_NAME


def lowered(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return headers by name."""
    return {name.lower(): value for name, value in pairs}
