"""The ``receive`` and ``send`` of an app whose answer a guard may end before the app does."""

from __future__ import annotations

import asyncio
from typing import Final

from prompt_policy.asgi.protocol import BufferedReceive, Message, Receive, Scope, Send
from prompt_policy.asgi.rewriting_send import RewritingSend
from prompt_policy.runtime.exchange import Exchange

_FIRST_VERSION_WITH_SEND_ERRORS: Final = (2, 4)


class EndableReceive(BufferedReceive):
    """A ``receive`` that reports a disconnected client as soon as a guard has ended the answer.

    The server reports it, too, but only to an app that is not behind a middleware which waits for the app's end.
    """

    def __init__(self, body: bytes, receive: Receive, ended: asyncio.Event) -> None:
        super().__init__(body, receive)
        self._ended = ended

    async def __call__(self) -> Message:
        if self._body is not None:
            return await super().__call__()
        receiving, ending = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((receiving, ending), return_when=asyncio.FIRST_COMPLETED)
            return {"type": "http.disconnect"} if self._ended.is_set() else receiving.result()
        finally:
            receiving.cancel()
            ending.cancel()


class EndableSend(RewritingSend):
    """A ``send`` that rewrites the answer until a guard ends it.

    Then the client has its complete answer, and for the app it has disconnected: ``send`` raises an OSError where the
    server's version of ASGI defines that, and has no effect where it does not.
    """

    def __init__(self, exchange: Exchange, send: Send, scope: Scope) -> None:
        super().__init__(exchange, send, scope)
        version = scope.get("asgi", {}).get("spec_version", "2.0")
        self._raises = tuple(map(int, version.split("."))) >= _FIRST_VERSION_WITH_SEND_ERRORS
        self.ended = asyncio.Event()

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if not self.ended.is_set():
            stream = self._stream
            if stream is None or not message.get("more_body", False):
                await super().__call__(message)
                return
            rewritten = stream.feed(message.get("body", b""))
            if not stream.is_finished:
                if rewritten:
                    await self._send({**message, "body": rewritten})
                return
            self._stream = None
            self.ended.set()
            await self._send({**message, "body": rewritten, "more_body": False})
        # Nothing is awaited here: Starlette cancels the app, and then its generator must be what is interrupted.
        if self._raises:
            raise EndedAnswerError


class EndedAnswerError(OSError):
    """A guard ended the answer, so that the app need not send more."""


def is_caused_by_end(error: BaseException | None) -> bool:
    """Return whether the app failed because ``send`` raised at the end of the answer."""
    while error is not None and not isinstance(error, EndedAnswerError):
        error = error.__cause__ or error.__context__
    return error is not None
