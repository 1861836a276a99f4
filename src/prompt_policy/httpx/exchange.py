"""Applies a policy to one httpx request and its response, without I/O."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

from prompt_policy.errors import Refusal
from prompt_policy.runtime.exchange import Exchange, ResponseMode, match_endpoint, open_exchange
from prompt_policy.runtime.header_pairs import read_pairs
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.response_rewriter import Reply, SSERewriter
from prompt_policy.wire.backends import NO_LIMITS, Limits, find_limits, resolve_backend

_FRAMING: Final = ("content-length", "transfer-encoding", "content-encoding")
_UNCOMPRESSED: Final = ("", "identity")
_READABLE: Final = (*_UNCOMPRESSED, "gzip", "deflate")
_AUTHORIZATION: Final = {b"authorization": "authorization"}
_SIGNED: Final = "AWS4-HMAC-SHA256"


def is_policy_endpoint(request: Any) -> bool:
    """Return whether a request goes to an endpoint that policies act on; its body is not read."""
    return request.method == "POST" and match_endpoint(request.url.path) is not None


class ServerSettings(NamedTuple):
    """What the user of a client states about the server."""

    reasoning_parser: bool = False
    max_model_len: int | None = None
    limits: Limits = NO_LIMITS

    @classmethod
    def create(cls, *, reasoning_parser: bool, max_model_len: int | None, backend: str | None) -> Self:
        """Return the settings that a user states; ``backend`` and errors are those of ``find_server_limits``."""
        return cls(reasoning_parser, max_model_len, find_server_limits(backend, os.environ))


def find_server_limits(backend: str | None, environment: Mapping[str, str]) -> Limits:
    """Return the limits of a backend; None: the one in PROMPT_POLICY_BACKEND, or vLLM if that is not set.

    Raise UsageError if there is no such backend.
    """
    return find_limits(resolve_backend(backend, environment))


class HttpExchange:
    """One request with its policy, and its response. ``library`` is the module httpx or httpx2."""

    def __init__(self, library: Any, request: Any, headers: Mapping[str, str], exchange: Exchange) -> None:
        self._library = library
        self._request = request
        self._is_encoded = False
        self._is_signed = _SIGNED in headers.get("authorization", "")
        self._exchange = exchange
        self._started = time.perf_counter()

    @classmethod
    def open(cls, library: Any, request: Any, resolver: PolicyResolver, server: ServerSettings) -> HttpExchange | None:
        """Apply the policy of a request whose body was read. Return None if no policy applies to it."""
        headers = read_pairs(request.headers.raw, resolver.headers_read | _AUTHORIZATION)
        exchange = open_exchange(
            resolver, request.url.path, headers, request.content, reasoning_parser=server.reasoning_parser,
            max_model_len=server.max_model_len, limits=server.limits,
        )  # fmt: skip
        if exchange.applied is None and exchange.refusal is None:
            return None
        return cls(library, request, headers, exchange)

    def rejection(self) -> Any | None:
        """Return the response to use instead of sending the request, or None if the request may be sent."""
        if self._exchange.refusal is not None:
            return self._to_response(self._exchange.refusal)
        if self._body_changed and self._is_signed:
            message = "the request is signed, so the policy cannot change it; sign requests after the policy"
            return self._to_response(self._exchange.error_response(Refusal(message)))
        return None

    @property
    def _body_changed(self) -> bool:
        return self._exchange.body is not self._request.content

    def outgoing_request(self) -> Any:
        """Return the request to send; the same object if nothing changes."""
        exchange, request = self._exchange, self._request
        if not self._body_changed and not exchange.rewrites_response and not exchange.headers:
            return request
        changed = {**exchange.headers, "content-length": str(len(exchange.body))}
        if exchange.rewrites_response:
            changed["accept-encoding"] = "identity"
        outgoing = self._library.Request(
            request.method,
            request.url,
            headers=request.headers,
            stream=self._library.ByteStream(exchange.body),
            extensions=request.extensions,
        )
        _set_headers(outgoing.headers, changed)
        outgoing.read()  # so that event hooks can access its content
        return outgoing

    def response_mode(self, response: Any) -> ResponseMode | None:
        """Return how to rewrite a response, or None. Raise Fault if it must be rewritten but cannot be decoded."""
        encoding = response.headers.get("content-encoding", "").strip().lower()
        media_type = response.headers.get("content-type", "")
        self._is_encoded = encoding not in _UNCOMPRESSED
        return self._exchange.response_mode(response.status_code, media_type, "" if encoding in _READABLE else encoding)

    def with_policy_headers(self, response: Any) -> Any:
        """Return an otherwise unchanged response with the policy's headers."""
        _set_headers(response.headers, self._exchange.response_headers)
        return response

    def has_raw_stream(self, response: Any) -> bool:
        """Return whether a response's stream has not been read yet and yields its body without decoding."""
        return not (response.is_stream_consumed or self._is_encoded)

    def with_decoded_stream(self, response: Any, stream: Any) -> Any:
        """Return a new response with the decoded bytes as its stream."""
        return self._create_response(response.status_code, response.headers, stream, response.extensions)

    def rewrite_body(self, response: Any, body: bytes) -> Any:
        """Return the response with its complete body, read from its stream, rewritten."""
        reply = self._exchange.rewrite_body(body)
        return self._replace_body(
            response, reply.status, self._library.ByteStream(reply.body), _headers_with_length(reply)
        )

    def create_stream_rewriter(self) -> SSERewriter:
        """Return a rewriter for the bytes of a streamed answer."""
        return self._exchange.create_stream_rewriter()

    def with_rewritten_stream(self, response: Any, stream: Any) -> Any:
        """Return the response with a rewritten stream."""
        return self._replace_body(response, response.status_code, stream, {})

    def error_response(self, error: Refusal) -> Any:
        """Return the response for a refusal or an internal error."""
        return self._to_response(self._exchange.error_response(error))

    def _to_response(self, reply: Reply) -> Any:
        headers = {**self._exchange.response_headers, **_headers_with_length(reply)}
        return self._create_response(reply.status, headers, self._library.ByteStream(reply.body), {})

    def _replace_body(self, response: Any, status: int, stream: Any, headers: Mapping[str, str]) -> Any:
        """Replace a response's body in place, so that attributes set by event hooks are preserved."""
        for name in _FRAMING:
            if name in response.headers:
                del response.headers[name]
        _set_headers(response.headers, {**self._exchange.response_headers, **headers})
        response.status_code, response.stream, response.request = status, stream, self._request
        return self._set_elapsed(response)

    def _create_response(self, status: int, headers: Any, stream: Any, extensions: Any) -> Any:
        response = self._library.Response(
            status, headers=headers, stream=stream, request=self._request, extensions=extensions
        )
        return self._set_elapsed(response)

    def _set_elapsed(self, response: Any) -> Any:
        response.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._started)
        return response


def _headers_with_length(reply: Reply) -> dict[str, str]:
    return {**reply.headers, "content-length": str(len(reply.body))}


def _set_headers(headers: Any, changed: Mapping[str, str]) -> None:
    for name, value in changed.items():
        headers[name] = value
