"""One request on its way through an http client: what is sent in its place, and what comes of the response."""

from __future__ import annotations

import datetime
import time
from typing import Final

from prompt_policy.errors import Refusal
from prompt_policy.runtime.exchange import Exchange, endpoint_of, open_exchange
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.replies import AnswerStream, Reply
from prompt_policy.wire.values import Json as Foreign

_FRAMING: Final = ("content-length", "transfer-encoding", "content-encoding")
_READABLE: Final = ("", "identity", "gzip", "deflate")
_SIGNED: Final = "AWS4-HMAC-SHA256"


def may_be_policed(request: Foreign) -> bool:
    """Tell whether a request may have a policy, before its body is read."""
    return request.method == "POST" and endpoint_of(request.url.path) is not None


class Crossing:
    """One request on its way through, without I/O."""

    def __init__(self, family: Foreign, request: Foreign, exchange: Exchange) -> None:
        self._family = family
        self._request = request
        self._exchange = exchange
        self._begun = time.perf_counter()

    @classmethod
    def of(cls, family: Foreign, request: Foreign, policing: Policing, *, parser: bool) -> Crossing | None:
        """Return the crossing of a request whose body was read, or None where no policy is for it."""
        headers = dict(request.headers.items())
        exchange = open_exchange(policing, request.url.path, headers, request.content, reasoning_parser=parser)
        if exchange.applied is None and exchange.refusal is None:
            return None
        return cls(family, request, exchange)

    def refused(self) -> Foreign | None:
        """Return the response where nothing is to be sent, or None."""
        if self._exchange.refusal is not None:
            return self._reply(self._exchange.refusal)
        if self._changes and self._request.headers.get("authorization", "").startswith(_SIGNED):
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
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in (b"content-length",)]
        changed = self._family.Headers(headers)
        changed.update(exchange.headers)
        if exchange.rewrites:
            changed["accept-encoding"] = "identity"
        return self._family.Request(
            request.method, request.url, headers=changed, content=exchange.body, extensions=request.extensions
        )

    def form(self, response: Foreign) -> str | None:
        """Return how a response is to be rewritten. Raise Fault where it cannot be read."""
        encoding = response.headers.get("content-encoding", "")
        readable = encoding.strip().lower() in _READABLE
        kind = response.headers.get("content-type", "")
        return self._exchange.form(response.status_code, kind, "" if readable else encoding)

    def labelled(self, response: Foreign) -> Foreign:
        """Return a response that passes as it is, with the policy's headers."""
        response.headers.update(self._exchange.answer_headers)
        return response

    def whole(self, response: Foreign, body: bytes) -> Foreign:
        """Return the response for a whole answer."""
        return self._reply(self._exchange.whole(body), response)

    def texts(self) -> AnswerStream:
        """Return what rewrites a streamed answer."""
        return self._exchange.stream()

    def streamed(self, response: Foreign, stream: Foreign) -> Foreign:
        """Return the response for a streamed answer."""
        return self._response(response.status_code, self._headers(response), stream, response.extensions)

    def failed(self, fault: Refusal) -> Foreign:
        """Return the response for a fault of ours."""
        return self._reply(self._exchange.failed(fault))

    def _reply(self, reply: Reply, response: Foreign = None) -> Foreign:
        headers = self._headers(response) if response is not None else self._family.Headers()
        headers.update({**reply.headers, "content-length": str(len(reply.body))})
        extensions = response.extensions if response is not None else {}
        return self._response(reply.status, headers, self._family.ByteStream(reply.body), extensions)

    def _headers(self, response: Foreign) -> Foreign:
        kept = [(name, value) for name, value in response.headers.raw if name.lower().decode() not in _FRAMING]
        headers = self._family.Headers(kept)
        headers.update(self._exchange.answer_headers)
        return headers

    def _response(self, status: int, headers: Foreign, stream: Foreign, extensions: Foreign) -> Foreign:
        made = self._family.Response(
            status, headers=headers, stream=stream, request=self._request, extensions=extensions
        )
        made.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._begun)
        return made
