"""The ``send`` that an app receives: it rewrites the answer."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Final

from prompt_policy.asgi.protocol import Message, Scope, Send, send_reply
from prompt_policy.errors import Refusal
from prompt_policy.runtime.exchange import Exchange
from prompt_policy.runtime.header_pairs import content_length, encode_pairs, without_names
from prompt_policy.runtime.offload import offload_if_large
from prompt_policy.runtime.response_rewriter import SSERewriter

_LENGTH: Final = frozenset({b"content-length"})


class RewritingSend:
    """A ``send`` that rewrites the answer."""

    def __init__(self, exchange: Exchange, send: Send, _scope: Scope) -> None:
        self._exchange = exchange
        self._send = send
        self._start: Message = {}
        self._buffer: list[bytes] | None = None
        self._stream: SSERewriter | None = None
        self._failed = False

    def __call__(self, message: Message) -> Awaitable[None]:
        """Return an awaitable that sends a message. A coroutine of its own would cost time with every chunk."""
        if message["type"] == "http.response.body":
            stream = self._stream
            if stream is not None and message.get("more_body", False):
                body = message.get("body", b"")
                # Nearly all chunks pass unchanged, so this is checked without another call.
                can_pass_through = stream.chunk_cache.can_pass_through
                if can_pass_through is not None and can_pass_through(body):
                    return self._send(message)
                rewritten = stream.feed(body)
                if not rewritten:
                    return _send_nothing()
                return self._send(message if rewritten is body else {**message, "body": rewritten})
            return self._send_body(message)
        return self._start_response(message) if message["type"] == "http.response.start" else self._forward(message)

    async def _start_response(self, message: Message) -> None:
        media_type = encoding = b""
        headers = list(message.get("headers", ()))
        for name, value in headers:
            # ASGI requires names in lower case; the policy must also cover an app that violates this.
            lowered = name.lower()
            if lowered == b"content-type":
                media_type = value
            elif lowered == b"content-encoding":
                encoding = value
        try:
            mode = self._exchange.response_mode(
                message["status"], media_type.decode("latin-1"), encoding.decode("latin-1")
            )
        except Refusal as fault:
            self._failed = True
            await send_reply(self._send, self._exchange.error_response(fault))
            return
        self._start = {**message, "headers": headers + encode_pairs(self._exchange.response_headers)}
        if mode == "whole":  # the start is sent once the length is known
            self._buffer = []
            return
        if mode == "stream":
            self._stream = self._exchange.create_stream_rewriter()
            self._start["headers"] = without_names(self._start["headers"], _LENGTH)
        await self._send(self._start)

    async def _send_body(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._failed:
            return
        if self._buffer is not None:
            self._buffer.append(body)
            if not more:
                await self._send_whole(b"".join(self._buffer))
            return
        if self._stream is not None:
            message = {**message, "body": self._stream.feed(body) + self._stream.flush()}
            self._stream = None
        await self._send(message)

    async def _forward(self, message: Message) -> None:
        if not self._failed:
            await self._send(message)

    async def flush(self) -> None:
        """Flush buffered text before the app's error ends the stream."""
        if self._stream is not None and (rest := self._stream.flush()):
            await self._send({"type": "http.response.body", "body": rest, "more_body": True})

    async def _send_whole(self, body: bytes) -> None:
        reply = await offload_if_large(partial(self._exchange.rewrite_body, body), len(body))
        added = encode_pairs(reply.headers) if reply.headers else []
        replaced = _LENGTH.union([name for name, _ in added]) if added else _LENGTH
        headers = [*without_names(self._start["headers"], replaced), *added, content_length(reply.body)]
        self._start["status"], self._start["headers"] = reply.status, headers
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": False})


async def _send_nothing() -> None:
    """Send nothing, because all text is buffered."""
