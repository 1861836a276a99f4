"""What holds of every answer, however hostile: no error, nothing lost that can be seen, the same however it is cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire import Endpoint
from tests.fuzz.properties import same

OPENING: Final = "<think>"
_EVENT: Final = re.compile(rb".*?(?>\r\n|\n|\r){2}", re.DOTALL)
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_TEXT_KEYS: Final = ("reasoning", "reasoning_content", "content", "text")
_SPACE: Final = str.maketrans("", "", " \t\r\n")


def parsed(data: bytes) -> Any:
    """Return JSON's value, or None where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def check_whole(exchange: Exchange, data: bytes) -> bytes:
    """Assert what holds of every whole answer, and return it as the client gets it."""
    reply = exchange.whole(data)
    assert reply.status == 200
    came = parsed(data)
    if not exchange.rewrites or not isinstance(came, dict):
        assert reply.body is data
    if reply.body is not data:
        sent = json.loads(reply.body)
        _check_texts(sent, came)
        for alone, choice in zip(came.get("choices", ()), sent.get("choices", ()), strict=True):
            (one,) = json.loads(exchange.whole(json.dumps({"choices": [alone]}).encode()).body)["choices"]
            assert same(one, choice), "the choices of an answer are apart"
    return reply.body


def _check_texts(sent: Any, came: Any) -> None:
    """Assert that two values differ in the whitespace of texts only, and in an opening that was put back."""
    waiting: list[tuple[Any, Any, Any]] = [(sent, came, None)]
    while waiting:
        new, old, key = waiting.pop()
        if isinstance(old, dict):
            assert list(new) == list(old)
            waiting += [(new[inner], old[inner], inner) for inner in old]
        elif isinstance(old, list):
            assert len(new) == len(old)
            waiting += [(a, b, key) for a, b in zip(new, old, strict=True)]
        elif key in _TEXT_KEYS and isinstance(old, str):
            assert _visible(new or "") in (_visible(old), OPENING + _visible(old))
        else:
            assert same(new, old)


def _visible(text: str) -> str:
    return text.translate(_SPACE)


def check_stream(exchange: Exchange, endpoint: Endpoint, data: bytes, cuts: Iterable[int]) -> bytes:
    """Assert what holds of every stream, and return it as the client gets it."""
    out = fed(exchange, [data])
    for at in cuts:
        assert fed(exchange, [data[:at], data[at:]]) == out, at
    if not exchange.rewrites:
        assert out == data
        return out
    came, left = [*_events(data)], [*_events(out)]
    _check_order([event for event, value in came if value is None], out)
    if endpoint in ("chat", "messages"):
        seen, read = (_seen((value for _, value in events), endpoint) for events in (came, left))
        assert read.replace(OPENING, "") == seen.replace(OPENING, "")
    kept = [value for _, value in came if value is not None and not _may_go(value)]
    left_values = iter([_unnumbered(value) for _, value in left if value is not None])
    for value in kept:
        assert any(same(_unnumbered(value), other) for other in left_values), value
    return out


def fed(exchange: Exchange, pieces: Iterable[bytes]) -> bytes:
    """Return what a client reads of a stream that comes in pieces."""
    stream = exchange.stream()
    return b"".join([stream.feed(piece) for piece in pieces]) + stream.end()


def _events(data: bytes) -> Iterator[tuple[bytes, Any]]:
    """Yield each event with its value; None for what is no object, and for all that comes after the end."""
    done = False
    for found in _EVENT.finditer(data):
        lines = [line[5:].removeprefix(b" ") for line in _LINE_END.split(found[0]) if line.startswith(b"data:")]
        said = b"\n".join(lines)
        done = done or said.strip() == b"[DONE]"
        value = None if done else parsed(said)
        yield found[0], value if isinstance(value, dict) else None


def _check_order(foreign: Iterable[bytes], out: bytes) -> None:
    place = 0
    for event in foreign:
        place = out.find(event, place)
        assert place >= 0, event
        place += len(event)


def _seen(values: Iterable[Any], endpoint: Endpoint) -> str:
    """Return all that a client sees of a stream's texts."""
    return _visible("".join(text for value in values if value is not None for text in _texts(value, endpoint)))


def _texts(value: dict[str, Any], endpoint: Endpoint) -> Iterator[str]:
    if endpoint == "messages":
        deltas = [value.get("delta")] if value.get("type") == "content_block_delta" else []
        keys: tuple[str, ...] = ("text",)
    else:
        choices = value.get("choices")
        deltas = (
            [choice.get("delta") for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
        )
        keys = _TEXT_KEYS[:3]
    for delta in deltas:
        if isinstance(delta, dict):
            yield from (delta[key] for key in keys if isinstance(delta.get(key), str))


def _unnumbered(value: dict[str, Any]) -> dict[str, Any]:
    """Return an event without its number, which is another where events were added before it."""
    return {key: inner for key, inner in value.items() if key != "sequence_number"}


def _may_go(value: dict[str, Any]) -> bool:
    """Tell whether an event may be changed or dropped, because it may hold text of an answer."""
    return (
        "choices" in value
        or value.get("type") == "content_block_delta"
        or str(value.get("type")).startswith("response.")
    )
