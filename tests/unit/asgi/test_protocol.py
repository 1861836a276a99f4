"""A request's body is read once, whatever its pieces, and given to the app in one message."""

from __future__ import annotations

import json

import pytest

from prompt_policy.asgi.protocol import BufferedReceive, Message, read_body, send_reply
from prompt_policy.runtime.response_rewriter import Reply


def create_receive(*messages: Message) -> BufferedReceive:
    """Return a ``receive`` that returns messages in order; the first is a body without content."""
    arriving = list(messages)

    async def receive() -> Message:
        return arriving.pop(0)

    return BufferedReceive(b"buffered", receive)


@pytest.mark.parametrize("pieces", [[b"abc"], [b"a", b"", b"bc"], [b""]])
async def test_body_in_pieces_is_joined(pieces: list[bytes]) -> None:
    arriving: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
        for number, piece in enumerate(pieces)
    ]

    async def receive() -> Message:
        return arriving.pop(0)

    assert await read_body(receive) == b"".join(pieces)


async def test_incomplete_body_is_not_returned() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    assert await read_body(receive) is None


async def test_buffered_body_precedes_later_messages() -> None:
    receive = create_receive({"type": "http.disconnect"})
    assert await receive() == {"type": "http.request", "body": b"buffered", "more_body": False}
    assert await receive() == {"type": "http.disconnect"}


async def test_reply_is_sent_with_its_length() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await send_reply(send, Reply(400, json.dumps({"a": 1}).encode(), {"x-a": "b"}))
    assert sent[0] == {
        "type": "http.response.start", "status": 400, "headers": [(b"x-a", b"b"), (b"content-length", b"8")]
    }  # fmt: skip
    assert sent[1] == {"type": "http.response.body", "body": b'{"a": 1}', "more_body": False}
