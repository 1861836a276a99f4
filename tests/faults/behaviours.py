"""What the fake backend does with a request: good answers, and every way in which answers go wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any

from tests.faults.fake_backend import Behaviour, Call

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}
CHUNKED = {**SSE, "transfer-encoding": "chunked"}
PIECES = ("\n", "Hel", "lo\n\n\n\n", "wor", "ld\n\n\n")
TEXT = "".join(PIECES)
HALF = "".join(PIECES[:3])
"""What a stream that breaks in its middle has said by then; its last characters are held back by a filter."""
DONE = b"data: [DONE]\n\n"
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "served"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_READ_S = 0.25
ROLE = {"role": "assistant", "content": ""}


def whole(message: Any, **changed: Any) -> bytes:
    """Return a whole answer, or one of a wrong shape."""
    choices = [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}]
    return _json({**HEAD, "object": "chat.completion", "choices": choices, "usage": USAGE, **changed})


def event(delta: Any, finish: str | None = None, **changed: Any) -> bytes:
    """Return an event of a stream, or one of a wrong shape."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    return b"data: %b\n\n" % _json({**HEAD, "object": "chat.completion.chunk", "choices": choices, **changed})


def chunked(data: bytes) -> bytes:
    """Return bytes as one chunk of HTTP, as real servers stream."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


MESSAGE: dict[str, Any] = {"role": "assistant", "content": TEXT, "reasoning": None, "tool_calls": []}
WHOLE = whole(MESSAGE)
EVENTS = (event(ROLE), *(event({"content": piece}) for piece in PIECES), event({}, "stop"))
HALF_EVENTS = b"".join(EVENTS[:4])
STREAM = b"".join(EVENTS) + DONE
ERROR = b'data: {"error": {"message": "out of memory", "type": "server_error", "code": 500}}\n\n'


def answers(body: bytes, headers: Mapping[str, str], status: int = 200) -> Behaviour:
    """Answer whatever is asked with the same bytes; the length is true unless a header says otherwise."""

    async def behave(call: Call) -> None:
        await call.head({"content-length": str(len(body)), **headers}, status)
        await call.send(body)

    return behave


def ends_after(body: bytes, headers: Mapping[str, str]) -> Behaviour:
    """Send bytes, and end the connection once they are read, although headers or chunks promise more."""

    async def behave(call: Call) -> None:
        await call.head(headers)
        await call.send(body)
        await asyncio.sleep(_READ_S)

    return behave


def either(if_whole: Behaviour, if_stream: Behaviour) -> Behaviour:
    """Answer by whether a stream was asked for."""

    async def behave(call: Call) -> None:
        await (if_stream if call.body.get("stream") else if_whole)(call)

    return behave


GOOD = either(answers(WHOLE, JSON), answers(STREAM, SSE))


async def _begin(call: Call, part: bytes) -> None:
    """Send so much of a stream, or half a whole answer where one was asked for."""
    await call.head(CHUNKED if call.body.get("stream") else {**CHUNKED, **JSON})
    await call.send(chunked(part if call.body.get("stream") else WHOLE[:60]))


def resets_after(part: bytes) -> Behaviour:
    """Reset the connection once so much of a stream was sent."""

    async def behave(call: Call) -> None:
        await _begin(call, part)
        await asyncio.sleep(_READ_S)  # a reset overtakes what the other side has not read yet
        call.reset()

    return behave


async def resets_at_once(call: Call) -> None:
    """Reset the connection before any answer."""
    call.reset()


async def stalls(call: Call) -> None:
    """Never answer."""
    await call.stall()


def stalls_after(part: bytes) -> Behaviour:
    """Say no more once so much of a stream was sent."""

    async def behave(call: Call) -> None:
        await _begin(call, part)
        await call.stall()

    return behave


async def goes_on_for_ever(call: Call) -> None:
    """Stream until the other side goes away."""
    await call.head(CHUNKED)
    await call.send(chunked(event(ROLE)))
    leaving = asyncio.ensure_future(call.stall())
    while not leaving.done():
        await call.send(chunked(event({"content": "Hello\n\n\n\n"})))
        await asyncio.wait([leaving], timeout=0.02)
    leaving.result()


def fails_first(times: int, status: int, then: Behaviour = GOOD) -> Behaviour:
    """Fail the first requests, and say when to come again: in a second, or sooner for those who read that."""
    error = _json({"error": {"message": "not now", "type": "overloaded", "param": None, "code": status}})
    failing = answers(error, {**JSON, "retry-after": "1", "retry-after-ms": "50"}, status)

    async def behave(call: Call) -> None:
        await (failing if call.earlier < times else then)(call)

    return behave


WRONG_BODIES: dict[str, Behaviour] = {
    "html": answers(b"<html>Bad gateway</html>", {"content-type": "text/html"}),
    "no-json": answers(b"Bad gateway", JSON),
    "half-json": answers(WHOLE[:60], JSON),
    "empty": answers(b"", JSON),
    "list": answers(b"[]", JSON),
    "number": answers(b"3", JSON),
    "null": answers(b"null", JSON),
    "text": answers(b'"Hello"', JSON),
    "nothing": answers(b"{}", JSON),
    "choices-null": answers(whole(MESSAGE, choices=None), JSON),
    "choices-text": answers(whole(MESSAGE, choices="Hello"), JSON),
    "choices-numbers": answers(whole(MESSAGE, choices=[1, None]), JSON),
    "choices-empty": answers(whole(MESSAGE, choices=[]), JSON),
    "index-text": answers(whole(MESSAGE, choices=[{"index": "0", "message": MESSAGE}]), JSON),
    "message-null": answers(whole(None), JSON),
    "message-list": answers(whole([]), JSON),
    "content-number": answers(whole({**MESSAGE, "content": 3}), JSON),
    "content-null": answers(whole({**MESSAGE, "content": None}), JSON),
    "broken-utf8": answers(WHOLE.replace(b"Hel", b"H\xffl"), JSON),
    "too-short": answers(WHOLE, {**JSON, "content-length": str(len(WHOLE) + 100)}),
    "too-long": answers(WHOLE, {**JSON, "content-length": str(len(WHOLE) - 100)}),
    "length-no-number": answers(WHOLE, {**JSON, "content-length": "many"}),
    "false-gzip": answers(WHOLE, {**JSON, "content-encoding": "gzip"}),
    "gzip": answers(gzip.compress(WHOLE), {**JSON, "content-encoding": "gzip"}),
    "another-type": answers(WHOLE, {"content-type": "text/plain"}),
    "a-stream": answers(STREAM, SSE),
}
"""Whole answers that are none."""


def _broken(*wrong: bytes) -> Behaviour:
    """Send wrong events in the middle of a good stream."""
    return answers(b"".join([*EVENTS[:3], *wrong, *EVENTS[3:], DONE]), SSE)


WRONG_STREAMS: dict[str, Behaviour] = {
    "no-json": _broken(b"data: Bad gateway\n\n"),
    "half-json": _broken(EVENTS[2][:40] + b"\n\n"),
    "broken-utf8": _broken(EVENTS[2].replace(b"Hel", b"H\xffl")),
    "list": _broken(b"data: []\n\n"),
    "number": _broken(b"data: 3\n\n"),
    "null": _broken(b"data: null\n\n"),
    "nothing": _broken(b"data: {}\n\n"),
    "choices-null": _broken(event({}, choices=None)),
    "choices-numbers": _broken(event({}, choices=[1, None])),
    "delta-null": _broken(event(None)),
    "delta-missing": _broken(event({}, choices=[{"index": 0, "finish_reason": None}])),
    "delta-list": _broken(event([])),
    "content-number": _broken(event({"content": 3})),
    "error": _broken(ERROR),
    "error-at-the-end": answers(HALF_EVENTS + ERROR + DONE, SSE),
    "unknown-fields": _broken(b": a comment\n\nretry: 3\n\nid: 4\nevent: ping\n\n"),
    "no-done": answers(b"".join(EVENTS), SSE),
    "no-finish": answers(b"".join(EVENTS[:-1]), SSE),
    "half-event": answers(HALF_EVENTS + EVENTS[4][:50], SSE),
    "empty": answers(b"", SSE),
    "after-done": answers(STREAM + STREAM, SSE),
    "too-short": ends_after(HALF_EVENTS, {**SSE, "content-length": "100000"}),
    "cut-chunk": ends_after(chunked(HALF_EVENTS) + b"fff\r\n" + EVENTS[4][:50], CHUNKED),
    "false-gzip": answers(STREAM, {**SSE, "content-encoding": "gzip"}),
    "gzip": answers(gzip.compress(STREAM), {**SSE, "content-encoding": "gzip"}),
    "another-type": answers(STREAM, {"content-type": "text/plain"}),
    "json-type": answers(STREAM, JSON),
    "a-whole-answer": answers(WHOLE, JSON),
    "html": answers(b"<html>Bad gateway</html>", {"content-type": "text/html"}),
}
"""Streams that are none."""
