"""The AsyncClient that enforces policies; ``sync_client`` is its twin.

A test derives the twin from this module by removing ``async`` and ``await``, so change both together.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from functools import cache, partial
from typing import Any

from prompt_policy.errors import Refusal
from prompt_policy.httpx.backends import create_refusing_transport, delegate_to_base
from prompt_policy.httpx.exchange import HttpExchange, ServerSettings, is_policy_endpoint
from prompt_policy.runtime.hot_reload import PolicyProvider
from prompt_policy.runtime.offload import offload_if_large
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.response_rewriter import SSERewriter


@cache
def create_async_client_class(library: str) -> Any:
    """Return a subclass of a library's AsyncClient that enforces policies."""
    module = importlib.import_module(library)

    class RewrittenStream(module.AsyncByteStream):  # type: ignore[misc, name-defined]  # created at run time
        """A rewritten stream; a second iteration continues the first one."""

        def __init__(self, stream: Any, rewriter: SSERewriter) -> None:
            self._stream = stream
            self._pieces = self._rewrite(rewriter)

        async def _rewrite(self, rewriter: SSERewriter) -> AsyncIterator[bytes]:
            try:
                async for piece in self._stream:
                    if rewritten := rewriter.feed(piece):
                        yield rewritten
                    if rewriter.is_finished:
                        await self._stream.aclose()
                        return
            except module.RequestError:  # the buffered text arrived before the connection broke
                yield rewriter.flush()
                raise
            yield rewriter.flush()

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._pieces

        async def aclose(self) -> None:
            try:
                await self._pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
            finally:
                await self._stream.aclose()

    class DecodedStream(module.AsyncByteStream):  # type: ignore[misc, name-defined]  # created at run time
        """The decoded bytes of a response."""

        def __init__(self, response: Any) -> None:
            self._response = response

        def __aiter__(self) -> AsyncIterator[bytes]:
            return aiter(self._response.aiter_bytes())

        async def aclose(self) -> None:
            await self._response.aclose()

    class PolicyAsyncClient(module.AsyncClient):  # type: ignore[misc, name-defined]  # created at run time
        """A client that enforces policies and sends requests with the wrapped client."""

        def __init__(self, base: Any, provider: PolicyProvider[PolicyResolver], server: ServerSettings) -> None:
            super().__init__(transport=create_refusing_transport(library)(), trust_env=False)
            self._wrapped_client, self._provider, self._server = base, provider, server

        def build_request(self, *args: Any, **kwargs: Any) -> Any:
            return self._wrapped_client.build_request(*args, **kwargs)

        async def send(self, request: Any, *, stream: bool = False, **kwargs: Any) -> Any:
            base = self._wrapped_client
            if not is_policy_endpoint(request):
                return await base.send(request, stream=stream, **kwargs)
            await request.aread()
            open_ = partial(HttpExchange.open, module, request, self._provider.current, self._server)
            exchange = await offload_if_large(open_, len(request.content))
            if exchange is None:
                return await base.send(request, stream=stream, **kwargs)
            response = exchange.rejection()
            if response is None:
                response = await base.send(exchange.outgoing_request(), stream=True, **kwargs)
                response = await self._rewrite(exchange, response)
            if not stream:
                await response.aread()
            return response

        async def _rewrite(self, exchange: HttpExchange, response: Any) -> Any:
            try:
                mode = exchange.response_mode(response)
            except Refusal as fault:
                await response.aclose()
                return exchange.error_response(fault)
            if mode is None:
                return exchange.with_policy_headers(response)
            if not exchange.has_raw_stream(response):
                response = exchange.with_decoded_stream(response, DecodedStream(response))
            if mode == "stream":
                rewritten = RewrittenStream(response.stream, exchange.create_stream_rewriter())
                return exchange.with_rewritten_stream(response, rewritten)
            try:
                body = b"".join([piece async for piece in response.stream])
            except module.RequestError as error:
                error.request = response.request
                raise
            finally:
                await response.stream.aclose()
            rewrite = partial(exchange.rewrite_body, response, body)
            return await offload_if_large(rewrite, len(body))

        async def aclose(self) -> None:
            await self._wrapped_client.aclose()

        async def __aenter__(self) -> Any:
            await self._wrapped_client.__aenter__()
            return self

        async def __aexit__(self, *exception: Any) -> None:
            await self._wrapped_client.__aexit__(*exception)

    return delegate_to_base(PolicyAsyncClient)
