"""The policing AsyncClient of a family."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from functools import cache

from prompt_policy.errors import Refusal
from prompt_policy.httpx.crossing import Crossing, may_be_policed
from prompt_policy.httpx.family import refusing_transport, with_base_properties
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.replies import AnswerStream
from prompt_policy.runtime.store import Source
from prompt_policy.wire.values import Json as Foreign


@cache
def async_client_class(family: str) -> Foreign:
    """Return the class of policing clients, a subclass of the family's own AsyncClient."""
    module = importlib.import_module(family)

    class Rewritten(module.AsyncByteStream):  # type: ignore[misc, name-defined]  # made at run time
        """A streamed answer; iterated twice, it goes on where it was."""

        def __init__(self, stream: Foreign, texts: AnswerStream) -> None:
            self._stream = stream
            self._pieces = self._rewritten(texts)

        async def _rewritten(self, texts: AnswerStream) -> AsyncIterator[bytes]:
            try:
                async for piece in self._stream:
                    if changed := texts.feed(piece):
                        yield changed
            except module.RequestError:  # what was held back had been said before it broke
                yield texts.end()
                raise
            yield texts.end()

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._pieces

        async def aclose(self) -> None:
            try:
                await self._pieces.aclose()  # type: ignore[attr-defined]  # a generator
            finally:
                await self._stream.aclose()

    class Decoded(module.AsyncByteStream):  # type: ignore[misc, name-defined]  # made at run time
        """The decoded bytes of a response."""

        def __init__(self, response: Foreign) -> None:
            self._response = response

        def __aiter__(self) -> AsyncIterator[bytes]:
            return aiter(self._response.aiter_bytes())

        async def aclose(self) -> None:
            await self._response.aclose()

    class PolicyAsyncClient(module.AsyncClient):  # type: ignore[misc, name-defined]  # made at run time
        """A client that enforces policies and has another one send."""

        def __init__(self, base: Foreign, policing: Source[Policing], parser: bool) -> None:
            super().__init__(transport=refusing_transport(family)(), trust_env=False)
            self._policed_base, self._policing, self._parser = base, policing, parser

        def build_request(self, *args: Foreign, **kwargs: Foreign) -> Foreign:
            return self._policed_base.build_request(*args, **kwargs)

        async def send(self, request: Foreign, *, stream: bool = False, **kwargs: Foreign) -> Foreign:
            base = self._policed_base
            if not may_be_policed(request):
                return await base.send(request, stream=stream, **kwargs)
            await request.aread()
            crossing = Crossing.of(module, request, self._policing.current, parser=self._parser)
            if crossing is None:
                return await base.send(request, stream=stream, **kwargs)
            response = crossing.refused()
            if response is None:
                response = await self._answered(crossing, await base.send(crossing.sent(), stream=True, **kwargs))
            if not stream:
                await response.aread()
            return response

        async def _answered(self, crossing: Crossing, response: Foreign) -> Foreign:
            try:
                form = crossing.form(response)
            except Refusal as fault:
                await response.aclose()
                return crossing.failed(fault)
            if form is None:
                return crossing.labelled(response)
            if not crossing.is_raw(response):
                response = crossing.decoded(response, Decoded(response))
            if form == "stream":
                return crossing.streamed(response, Rewritten(response.stream, crossing.texts()))
            try:
                body = b"".join([piece async for piece in response.stream])
            except module.RequestError as error:
                error.request = response.request
                raise
            finally:
                await response.stream.aclose()
            return crossing.whole(response, body)

        async def aclose(self) -> None:
            await self._policed_base.aclose()

        async def __aenter__(self) -> Foreign:
            await self._policed_base.__aenter__()
            return self

        async def __aexit__(self, *caught: Foreign) -> None:
            await self._policed_base.__aexit__(*caught)

    return with_base_properties(PolicyAsyncClient)
