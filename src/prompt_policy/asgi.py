"""The ASGI host: a middleware for any ASGI app, vLLM's own server among them.

``vllm serve MODEL --middleware prompt_policy.asgi.PolicyMiddleware`` reads its settings from the environment:
PROMPT_POLICY_PATH, PROMPT_POLICY_NAME and PROMPT_POLICY_REASONING_PARSER.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final, TypeAlias

from prompt_policy.errors import Fault, PromptPolicyError, Refusal
from prompt_policy.runtime.exchange import HEADERS_READ, Exchange, endpoint_of, open_exchange
from prompt_policy.runtime.policing import Policies, Policing, policing_of
from prompt_policy.runtime.replies import AnswerStream, Reply
from prompt_policy.runtime.store import Source
from prompt_policy.runtime.visible import make_visible

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_READ: Final = {name.encode(): name for name in HEADERS_READ}
PARSER_VARIABLE: Final = "PROMPT_POLICY_REASONING_PARSER"
log = logging.getLogger("prompt_policy")


class PolicyMiddleware:
    """Enforces policies on the requests and answers of an ASGI app.

    Arguments:
        app: the app.
        policies: a path, a shipped name, a PolicySet, or a Policy, which then holds for every request; None: the
            paths in PROMPT_POLICY_PATH, else the shipped library.
        name: the policy for every request; None: PROMPT_POLICY_NAME, else by the name of the request's model.
        reasoning_parser: the app splits thoughts off by itself; None: whether PROMPT_POLICY_REASONING_PARSER is 1.

    Policies that do not load fail the app's start with every mistake (the lifespan protocol's ``startup.failed``);
    an app that is served without lifespan answers each request with HTTP 500.
    """

    def __init__(
        self,
        app: App,
        policies: Policies = None,
        *,
        name: str | None = None,
        reasoning_parser: bool | None = None,
    ) -> None:
        self._app = app
        self._parser = os.environ.get(PARSER_VARIABLE) == "1" if reasoning_parser is None else reasoning_parser
        self._policing: Source[Policing] | PromptPolicyError
        try:
            self._policing = policing_of(policies, name, os.environ)
        except PromptPolicyError as error:  # frameworks build middleware so late that raising would stop nothing
            self._policing = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        policing = self._policing
        if scope["type"] == "lifespan":
            await self._start(policing, scope, receive, send)
        elif scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
        elif isinstance(policing, PromptPolicyError):
            await _respond(send, Reply.of(Fault("the policies could not be loaded; the server's log says why"), {}))
        elif endpoint_of(scope["path"]) is None:
            await self._app(scope, receive, send)
        else:
            await self._exchange(policing.current, scope, receive, send)

    async def _start(
        self, policing: Source[Policing] | PromptPolicyError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if isinstance(policing, PromptPolicyError):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": f"prompt-policy:\n{policing}"})
            return
        make_visible(log)
        log.info("in-process policies: %s", policing.current)
        await self._app(scope, receive, send)

    async def _exchange(self, policing: Policing, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        exchange = open_exchange(
            policing, scope["path"], _read(scope["headers"]), body, reasoning_parser=self._parser, must_name_model=True
        )
        if exchange.refusal is not None:
            await _respond(send, exchange.refusal)
        elif exchange.applied is None:
            await self._app(scope, _Replay(body, receive), send)
        else:
            inner = {**scope, "headers": _inner_headers(scope["headers"], exchange)}
            answer = _Answer(exchange, send)
            try:
                await self._app(inner, _Replay(exchange.body, receive), answer)
            except Exception:
                await answer.break_off()
                raise


class _Replay:
    """A ``receive`` that gives a body which was read already, then whatever comes after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        return await self._receive() if body is None else {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """A ``send`` that rewrites the answer on its way out."""

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._start: Message = {}
        self._held: list[bytes] | None = None
        self._stream: AnswerStream | None = None
        self._refused = False

    def __call__(self, message: Message) -> Awaitable[None]:
        """Return what sends a message; no coroutine of its own, which a stream would pay for with every chunk."""
        if message["type"] == "http.response.body":
            stream = self._stream
            if stream is not None and message.get("more_body", False):
                body = message.get("body", b"")
                rewritten = stream.feed(body)
                if not rewritten:
                    return _nothing()
                return self._send(message if rewritten is body else {**message, "body": rewritten})
            return self._go_on(message)
        return self._begin(message) if message["type"] == "http.response.start" else self._other(message)

    async def _begin(self, message: Message) -> None:
        # ASGI wants names in lower case; an app that does otherwise must not go unpoliced for it.
        headers = {name.lower(): value for name, value in message.get("headers", ())}
        kind, encoding = headers.get(b"content-type", b""), headers.get(b"content-encoding", b"")
        try:
            form = self._exchange.form(message["status"], kind.decode("latin-1"), encoding.decode("latin-1"))
        except Refusal as fault:
            self._refused = True
            await _respond(self._send, self._exchange.failed(fault))
            return
        self._start = {**message, "headers": [*message.get("headers", ()), *_encoded(self._exchange.answer_headers)]}
        if form == "whole":  # it starts when its length is known
            self._held = []
            return
        if form == "stream":
            self._stream = self._exchange.stream()
            self._start["headers"] = _without(self._start["headers"], b"content-length")
        await self._send(self._start)

    async def _go_on(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._refused:
            return
        if self._held is not None:
            self._held.append(body)
            if not more:
                await self._end_whole(b"".join(self._held))
            return
        if self._stream is not None:
            message = {**message, "body": self._stream.feed(body) + self._stream.end()}
            self._stream = None
        await self._send(message)

    async def _other(self, message: Message) -> None:
        if not self._refused:
            await self._send(message)

    async def break_off(self) -> None:
        """Send what was held back of a stream that the app cannot finish: it had been said before that."""
        if self._stream is not None and (rest := self._stream.end()):
            await self._send({"type": "http.response.body", "body": rest, "more_body": True})

    async def _end_whole(self, body: bytes) -> None:
        reply = self._exchange.whole(body)
        replaced = (b"content-length", *(name.encode("latin-1") for name in reply.headers))
        headers = [*_without(self._start["headers"], *replaced), *_encoded(reply.headers), _length(reply.body)]
        await self._send({**self._start, "status": reply.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": False})


async def _nothing() -> None:
    """Send nothing: all of it is held back."""


def _read(headers: Headers) -> dict[str, str]:
    """Return the headers that matter by name; what stands in several of one name is one list, as HTTP has it."""
    read: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if (name := _READ.get(raw_name)) is not None:
            value = raw_value.decode("latin-1")
            read[name] = f"{read[name]}, {value}" if name in read else value
    return read


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body, or None where the client went away before it was whole."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _respond(send: Send, reply: Reply) -> None:
    headers = [*_encoded(reply.headers), _length(reply.body)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def _inner_headers(headers: Headers, exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Return the headers for the app; where its answer will be read, it must not be compressed."""
    own = _encoded(exchange.headers)
    unread = [b"accept-encoding"] if exchange.rewrites else []
    kept = _without(headers, b"content-length", b"transfer-encoding", *unread, *(name for name, _ in own))
    return [*kept, *own, _length(exchange.body)]


def _without(headers: Headers, *names: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()
