"""One request on its way through an http client: what is sent in its place, and what comes of the response."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Final

from prompt_policy.errors import Refusal
from prompt_policy.runtime.exchange import HEADERS_READ, Exchange, endpoint_of, open_exchange
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.replies import AnswerStream, Reply
from prompt_policy.wire.values import Json as Foreign

_FRAMING: Final = ("content-length", "transfer-encoding", "content-encoding")
_PLAIN: Final = ("", "identity")
_READABLE: Final = (*_PLAIN, "gzip", "deflate")
_OF_REQUEST: Final = {name.encode(): name for name in (*HEADERS_READ, "authorization")}
_SIGNED: Final = "AWS4-HMAC-SHA256"


def may_be_policed(request: Foreign) -> bool:
    """Tell whether a request may have a policy, before its body is read."""
    return request.method == "POST" and endpoint_of(request.url.path) is not None


class Crossing:
    """One request on its way through, without I/O."""

    def __init__(self, family: Foreign, request: Foreign, headers: Mapping[str, str], exchange: Exchange) -> None:
        self._family = family
        self._request = request
        self._is_encoded = False
        self._is_signed = headers.get("authorization", "").startswith(_SIGNED)
        self._exchange = exchange
        self._begun = time.perf_counter()

    @classmethod
    def of(cls, family: Foreign, request: Foreign, policing: Policing, *, parser: bool) -> Crossing | None:
        """Return the crossing of a request whose body was read, or None where no policy is for it."""
        headers = _read(request.headers)
        exchange = open_exchange(policing, request.url.path, headers, request.content, reasoning_parser=parser)
        if exchange.applied is None and exchange.refusal is None:
            return None
        return cls(family, request, headers, exchange)

    def refused(self) -> Foreign | None:
        """Return the response where nothing is to be sent, or None."""
        if self._exchange.refusal is not None:
            return self._reply(self._exchange.refusal)
        if self._changes and self._is_signed:
            message = "the request is signed, so its policy cannot be applied: sign it behind the policy"
            return self._reply(self._exchange.failed(Refusal(message)))
        return None

    @property
    def _changes(self) -> bool:
        return self._exchange.body is not self._request.content

    def sent(self) -> Foreign:
        """Return the request to send: the very object that came where nothing is to be changed."""
        exchange, request = self._exchange, self._request
        if not self._changes and not exchange.rewrites and not exchange.headers:
            return request
        changed = {**exchange.headers, "content-length": str(len(exchange.body))}
        if exchange.rewrites:
            changed["accept-encoding"] = "identity"
        sent = self._family.Request(
            request.method,
            request.url,
            headers=request.headers,
            stream=self._family.ByteStream(exchange.body),
            extensions=request.extensions,
        )
        _set(sent.headers, changed)
        sent.read()  # so that hooks may look at its content
        return sent

    def form(self, response: Foreign) -> str | None:
        """Return how a response is to be rewritten. Raise Fault where it cannot be read."""
        encoding = response.headers.get("content-encoding", "").strip().lower()
        kind = response.headers.get("content-type", "")
        self._is_encoded = encoding not in _PLAIN
        return self._exchange.form(response.status_code, kind, "" if encoding in _READABLE else encoding)

    def labelled(self, response: Foreign) -> Foreign:
        """Return a response that passes as it is, with the policy's headers."""
        _set(response.headers, self._exchange.answer_headers)
        return response

    def is_raw(self, response: Foreign) -> bool:
        """Tell whether the bytes of a response's stream are still to come, and are its body's."""
        return not (response.is_stream_consumed or self._is_encoded)

    def decoded(self, response: Foreign, stream: Foreign) -> Foreign:
        """Return a response like another one, with its decoded bytes as stream."""
        return self._response(response.status_code, response.headers, stream, response.extensions)

    def whole(self, response: Foreign, body: bytes) -> Foreign:
        """Return the response for a whole answer, whose body was read from its stream."""
        reply = self._exchange.whole(body)
        return self._replaced(response, reply.status, self._family.ByteStream(reply.body), _framed(reply))

    def texts(self) -> AnswerStream:
        """Return what rewrites a streamed answer."""
        return self._exchange.stream()

    def streamed(self, response: Foreign, stream: Foreign) -> Foreign:
        """Return the response for a streamed answer."""
        return self._replaced(response, response.status_code, stream, {})

    def failed(self, fault: Refusal) -> Foreign:
        """Return the response for a fault of ours."""
        return self._reply(self._exchange.failed(fault))

    def _reply(self, reply: Reply) -> Foreign:
        headers = {**self._exchange.answer_headers, **_framed(reply)}
        return self._response(reply.status, headers, self._family.ByteStream(reply.body), {})

    def _replaced(self, response: Foreign, status: int, stream: Foreign, own: Mapping[str, str]) -> Foreign:
        """Give a response another body: it stays the client's own, with all that a hook may have noted on it."""
        for name in _FRAMING:
            if name in response.headers:
                del response.headers[name]
        _set(response.headers, {**self._exchange.answer_headers, **own})
        response.status_code, response.stream, response.request = status, stream, self._request
        return self._timed(response)

    def _response(self, status: int, headers: Foreign, stream: Foreign, extensions: Foreign) -> Foreign:
        made = self._family.Response(
            status, headers=headers, stream=stream, request=self._request, extensions=extensions
        )
        return self._timed(made)

    def _timed(self, response: Foreign) -> Foreign:
        response.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._begun)
        return response


def _read(headers: Foreign) -> dict[str, str]:
    """Return a request's headers that matter here; the families' own look-up would decode all of them first."""
    return {
        _OF_REQUEST[lowered]: value.decode("latin-1")
        for name, value in headers.raw
        if (lowered := name.lower()) in _OF_REQUEST
    }


def _framed(reply: Reply) -> dict[str, str]:
    return {**reply.headers, "content-length": str(len(reply.body))}


def _set(headers: Foreign, changed: Mapping[str, str]) -> None:
    for name, value in changed.items():
        headers[name] = value
