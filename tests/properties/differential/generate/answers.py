"""Answers as a server sends them: whole or as a stream of bytes, cut anywhere, with much that is none of the answer."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any, Final

from tests.properties.differential.case import Answer, Endpoint
from tests.properties.differential.generate.mutations import build_junk, harm, mutate
from tests.properties.differential.generate.texts import build_text
from tests.properties.differential.generate.values import build_events, build_whole
from tests.properties.fuzz.answers import DONE, EVENTS, FOREIGN, WHOLE
from tests.properties.fuzz.json_text import write_json

_KINDS: Final = {
    False: ("application/json",) * 5 + ("application/json; charset=utf-8", "Application/JSON", "text/plain", ""),
    True: ("text/event-stream",) * 5 + ("text/event-stream; charset=utf-8", "Text/Event-Stream", "text/x"),
}  # fmt: skip
_STATUSES: Final = (200,) * 18 + (201, 400, 404, 429, 500)
_MORE_HEADERS: Final = (
    ("x-request-id", "1"), ("cache-control", "no-cache"), ("X-Prompt-Policy", "other"), ("transfer-encoding",
    "chunked"),
    ("set-cookie", "a=b"), ("content-encoding", "identity"),
)  # fmt: skip


def build_answer(rng: random.Random, endpoint: Endpoint, host: str) -> Answer:
    """Return an answer in the form that a host receives."""
    if host == "pipeline":
        return Answer(is_stream=True, texts=_texts(rng))
    is_stream, fails = rng.random() < 0.6, rng.random() < 0.05
    if host == "litellm":
        values = _values(rng, endpoint, is_stream)
        pieces = _pieces(rng, values) if is_stream and endpoint == "messages" else []
        listed = () if pieces else tuple(text for text in values if _is_readable(text))
        return Answer(
            is_stream and bool(pieces or listed), values=listed or ("{}",), pieces=_plain(pieces), fails=fails
        )
    values = _values(rng, endpoint, is_stream)
    pieces = _pieces(rng, values) if is_stream else _cut(rng, values[0].encode(errors="surrogatepass"))
    status, headers = rng.choice(_STATUSES), [("content-type", rng.choice(_KINDS[is_stream]))]
    headers += rng.sample(_MORE_HEADERS, rng.choice((0, 0, 1, 2)))
    if rng.random() < 0.03:
        pieces, name = [gzip.compress(b"".join(pieces), mtime=0)], rng.choice(("gzip", "gzip", "br", "x"))
        headers = [pair for pair in headers if pair[0] != "content-encoding"] + [("content-encoding", name)]
    elif rng.random() < 0.2 and not is_stream:
        headers.append(("content-length", str(len(b"".join(pieces)))))
    return Answer(is_stream, status, tuple(headers), _plain(pieces), fails=fails)


def _plain(pieces: list[bytes]) -> tuple[str, ...]:
    return tuple(piece.decode("latin-1") for piece in pieces)


def _is_readable(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _texts(rng: random.Random) -> tuple[tuple[int, str, str], ...]:
    """Return pieces of text for the choices and channels of an answer."""
    choices = rng.choice((1, 1, 2))
    channels = ("content", "content", "content", "reasoning")
    pieces = [(rng.randrange(choices), rng.choice(channels), build_text(rng, 4)) for _ in range(rng.randrange(1, 12))]
    return tuple(pieces)


def _values(rng: random.Random, endpoint: Endpoint, is_stream: bool) -> list[str]:
    """Return the answer as JSON texts: one if it is whole, else one for each event."""
    way = rng.random()
    value: Any
    if way < 0.7:
        value = build_events(rng, endpoint) if is_stream else build_whole(rng, endpoint)
    elif way < 0.78:
        value = mutate(rng, build_events(rng, endpoint) if is_stream else build_whole(rng, endpoint))
    elif way < 0.98:
        value = mutate(rng, EVENTS[endpoint] if is_stream else rng.choice(WHOLE[endpoint]))
    else:
        value = build_junk(rng)
    events = value if is_stream and isinstance(value, list) else [value]
    style = rng.random()
    if way < 0.7 and style < 0.75:
        separators, is_ascii = ((",", ":") if style < 0.5 else (", ", ": ")), rng.random() < 0.4
        return [_spelled(event, separators, is_ascii) for event in events]
    return [write_json(event) for event in events] or ["{}"]


def _spelled(value: Any, separators: tuple[str, str], is_ascii: bool) -> str:
    text = json.dumps(value, ensure_ascii=is_ascii, separators=separators)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot hold
        return json.dumps(value, separators=separators)
    return text


def _pieces(rng: random.Random, values: list[str]) -> list[bytes]:
    """Return the bytes of a stream as they arrive: event by event, or cut at any byte."""
    end, space, named = rng.choice(("\n",) * 8 + ("\r\n", "\r")), rng.choice((" ",) * 6 + ("",)), rng.random() < 0.3
    events = [_event(value, end, space, is_named=named) for value in values]
    if rng.random() < 0.75:
        events.append(DONE)
    if events and rng.random() < 0.35:
        for _ in range(rng.randrange(1, 4)):
            _disturb(rng, events)
    return events if rng.random() < 0.5 else _cut(rng, b"".join(events))


def _event(value: str, end: str, space: str, *, is_named: bool) -> bytes:
    start, quote = value.find('"type":"response.'), '"'
    name = value[start + 8 :].partition(quote)[0] if is_named and start >= 0 else ""
    return f"{f'event: {name}{end}' if name else ''}data:{space}{value}{end}{end}".encode(errors="surrogatepass")


def _disturb(rng: random.Random, events: list[bytes]) -> None:
    """Put one thing into a stream that does not belong there, or take one out of it."""
    at, way = rng.randrange(len(events)), rng.randrange(8)
    if way == 0:
        events.insert(at, rng.choice(FOREIGN))
    elif way == 1:
        events.insert(at, b": ping\n\n")
    elif way == 2:
        events.insert(at, b'data: {"error": {"message": "overloaded", "code": 503}}\n\n')
    elif way == 3:
        events.insert(at, events[rng.randrange(len(events))])
    elif way == 4:
        events[at] = harm(rng, events[at])
    elif way == 5:
        events[at] = events[at].replace(b'"content":', b'"content":"twice","content":', 1)
    elif way == 6:
        events[at] = events[at].replace(b":", b" : ", 3).replace(b"/", b"\\/")
    else:
        events.insert(at, DONE)


def _cut(rng: random.Random, data: bytes) -> list[bytes]:
    """Return bytes in pieces: a few, or of a few bytes each; a piece may be empty."""
    if rng.random() < 0.3:
        return [data]
    most = 1 if len(data) < 300 else rng.choice((10, 60, 300))
    count = rng.randrange(1, 9) if rng.random() < 0.6 else max(1, len(data) // most)
    places = sorted(rng.randrange(len(data) + 1) for _ in range(count))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
