"""The Client that enforces policies; the twin of ``async_client``, which see."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from prompt_policy.errors import Refusal
from prompt_policy.httpx.backends import create_refusing_transport, delegate_to_base
from prompt_policy.httpx.exchange import HttpExchange, ServerSettings, is_policy_endpoint
from prompt_policy.runtime.hot_reload import PolicyProvider
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.response_rewriter import SSERewriter


@cache
def create_client_class(library: str) -> Any:
    """Return a subclass of a library's Client that enforces policies."""
    module = importlib.import_module(library)

    class RewrittenStream(module.SyncByteStream):  # type: ignore[misc, name-defined]  # created at run time
        """A rewritten stream; a second iteration continues the first one."""

        def __init__(self, stream: Any, rewriter: SSERewriter) -> None:
            self._stream = stream
            self._pieces = self._rewrite(rewriter)

        def _rewrite(self, rewriter: SSERewriter) -> Iterator[bytes]:
            try:
                for piece in self._stream:
                    if rewritten := rewriter.feed(piece):
                        yield rewritten
                    if rewriter.is_finished:
                        self._stream.close()
                        return
            except module.RequestError:  # the buffered text arrived before the connection broke
                yield rewriter.flush()
                raise
            yield rewriter.flush()

        def __iter__(self) -> Iterator[bytes]:
            return self._pieces

        def close(self) -> None:
            self._stream.close()

    class DecodedStream(module.SyncByteStream):  # type: ignore[misc, name-defined]  # created at run time
        """The decoded bytes of a response."""

        def __init__(self, response: Any) -> None:
            self._response = response

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._response.iter_bytes())

        def close(self) -> None:
            self._response.close()

    class PolicyClient(module.Client):  # type: ignore[misc, name-defined]  # created at run time
        """A client that enforces policies and sends requests with the wrapped client."""

        def __init__(self, base: Any, provider: PolicyProvider[PolicyResolver], server: ServerSettings) -> None:
            super().__init__(transport=create_refusing_transport(library)(), trust_env=False)
            self._wrapped_client, self._provider, self._server = base, provider, server

        def build_request(self, *args: Any, **kwargs: Any) -> Any:
            return self._wrapped_client.build_request(*args, **kwargs)

        def send(self, request: Any, *, stream: bool = False, **kwargs: Any) -> Any:
            base = self._wrapped_client
            if not is_policy_endpoint(request):
                return base.send(request, stream=stream, **kwargs)
            request.read()
            open_ = partial(HttpExchange.open, module, request, self._provider.current, self._server)
            exchange = open_()
            if exchange is None:
                return base.send(request, stream=stream, **kwargs)
            response = exchange.rejection()
            if response is None:
                response = base.send(exchange.outgoing_request(), stream=True, **kwargs)
                response = self._rewrite(exchange, response)
            if not stream:
                response.read()
            return response

        def _rewrite(self, exchange: HttpExchange, response: Any) -> Any:
            try:
                mode = exchange.response_mode(response)
            except Refusal as fault:
                response.close()
                return exchange.error_response(fault)
            if mode is None:
                return exchange.with_policy_headers(response)
            if not exchange.has_raw_stream(response):
                response = exchange.with_decoded_stream(response, DecodedStream(response))
            if mode == "stream":
                rewritten = RewrittenStream(response.stream, exchange.create_stream_rewriter())
                return exchange.with_rewritten_stream(response, rewritten)
            try:
                body = b"".join(response.stream)
            except module.RequestError as error:
                error.request = response.request
                raise
            finally:
                response.stream.close()
            rewrite = partial(exchange.rewrite_body, response, body)
            return rewrite()

        def close(self) -> None:
            self._wrapped_client.close()

        def __enter__(self) -> Any:
            self._wrapped_client.__enter__()
            return self

        def __exit__(self, *exception: Any) -> None:
            self._wrapped_client.__exit__(*exception)

    return delegate_to_base(PolicyClient)
