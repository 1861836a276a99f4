"""Properties of every rewritten answer, also a hostile one: no error, no lost text, no dependence on the cuts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prompt_policy.runtime.exchange import Exchange
from prompt_policy.wire import Endpoint
from tests.properties.fuzz.properties import is_same

OPENING: Final = "<think>"
_EVENT: Final = re.compile(rb".*?(?>\r\n|\n|\r){2}", re.DOTALL)
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_TEXT_KEYS: Final = ("reasoning", "reasoning_content", "content", "text")
_SPACE: Final = str.maketrans("", "", " \t\r\n")


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text, or None if it is invalid."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def check_whole(exchange: Exchange, data: bytes) -> bytes:
    """Assert the properties of a whole answer, and return it as the client gets it."""
    reply = exchange.rewrite_body(data)
    assert reply.status == 200
    original = parse_json(data)
    if not exchange.rewrites_response or not isinstance(original, dict):
        assert reply.body is data
    if reply.body is not data:
        sent = json.loads(reply.body)
        _check_texts(sent, original)
        for choice, rewritten in zip(original.get("choices", ()), sent.get("choices", ()), strict=True):
            (alone,) = json.loads(exchange.rewrite_body(json.dumps({"choices": [choice]}).encode()).body)["choices"]
            assert is_same(alone, rewritten), "choices are rewritten independently"
    return reply.body


def _check_texts(sent: Any, original: Any) -> None:
    """Assert that two values differ only in the whitespace of texts and in a restored opening."""
    waiting: list[tuple[Any, Any, Any]] = [(sent, original, None)]
    while waiting:
        new, old, key = waiting.pop()
        if isinstance(old, dict):
            assert list(new) == list(old)
            waiting += [(new[inner], old[inner], inner) for inner in old]
        elif isinstance(old, list):
            texts = [[each for each in listed if not _is_blank_block(each)] for listed in (new, old)]
            waiting += [(a, b, key) for a, b in zip(*texts, strict=True)]
        elif key in _TEXT_KEYS and isinstance(old, str):
            assert _visible(new or "") in (_visible(old), OPENING + _visible(old))
        else:
            assert is_same(new, old)


def _is_blank_block(value: Any) -> bool:
    """Return whether a value is a text block of Messages without visible text, which may be removed."""
    text = value.get("text") if isinstance(value, dict) and value.get("type") == "text" else None
    return isinstance(text, str) and not _visible(text)


def _visible(text: str) -> str:
    return text.translate(_SPACE)


def check_stream(exchange: Exchange, endpoint: Endpoint, data: bytes, cuts: Iterable[int]) -> bytes:
    """Assert the properties of a stream, and return it as the client gets it."""
    out = rewrite_stream(exchange, [data])
    for at in cuts:
        assert rewrite_stream(exchange, [data[:at], data[at:]]) == out, at
    if not exchange.rewrites_response:
        assert out == data
        return out
    arrived, emitted = [*_parse_events(data)], [*_parse_events(out)]
    _check_order([event for event, value in arrived if value is None], out)
    if endpoint in ("chat", "messages"):
        before, after = (_visible_text((value for _, value in events), endpoint) for events in (arrived, emitted))
        assert after.replace(OPENING, "") == before.replace(OPENING, "")
    preserved = [value for _, value in arrived if value is not None and not _has_text(value)]
    emitted_values = iter([_remove_number(value) for _, value in emitted if value is not None])
    for value in preserved:
        assert any(is_same(_remove_number(value), other) for other in emitted_values), value
    return out


def rewrite_stream(exchange: Exchange, pieces: Iterable[bytes]) -> bytes:
    """Return the stream that a client gets if the server's arrives in pieces."""
    stream = exchange.create_stream_rewriter()
    return b"".join([stream.feed(piece) for piece in pieces]) + stream.flush()


def _parse_events(data: bytes) -> Iterator[tuple[bytes, Any]]:
    """Yield each event with its value; None if that is not an object, and for all events after the end."""
    done = False
    for found in _EVENT.finditer(data):
        lines = [line[5:].removeprefix(b" ") for line in _LINE_END.split(found[0]) if line.startswith(b"data:")]
        payload = b"\n".join(lines)
        done = done or payload.strip() == b"[DONE]"
        value = None if done else parse_json(payload)
        yield found[0], value if isinstance(value, dict) else None


def _check_order(foreign: Iterable[bytes], out: bytes) -> None:
    place = 0
    for event in foreign:
        place = out.find(event, place)
        assert place >= 0, event
        place += len(event)


def _visible_text(values: Iterable[Any], endpoint: Endpoint) -> str:
    """Return the visible characters of a stream's texts."""
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


def _remove_number(value: dict[str, Any]) -> dict[str, Any]:
    """Return an event without its number, which changes if events were added before it."""
    return {key: inner for key, inner in value.items() if key != "sequence_number"}


def _has_text(value: dict[str, Any]) -> bool:
    """Return whether an event may contain text of an answer, and so may be changed or dropped."""
    return (
        "choices" in value
        or str(value.get("type")).startswith("content_block_")  # a blank block is removed, and later ones move up
        or str(value.get("type")).startswith("response.")
    )
