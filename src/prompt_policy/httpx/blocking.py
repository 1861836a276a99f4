"""The policing Client of a family."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache

from prompt_policy.errors import Refusal
from prompt_policy.httpx.crossing import Crossing, may_be_policed
from prompt_policy.httpx.family import refusing_transport, with_base_properties
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.replies import AnswerStream
from prompt_policy.runtime.store import Source
from prompt_policy.wire.values import Json as Foreign


@cache
def client_class(family: str) -> Foreign:
    """Return the class of policing clients, a subclass of the family's own Client."""
    module = importlib.import_module(family)

    class Rewritten(module.SyncByteStream):  # type: ignore[misc, name-defined]  # made at run time
        """A streamed answer; iterated twice, it goes on where it was."""

        def __init__(self, stream: Foreign, texts: AnswerStream) -> None:
            self._stream = stream
            self._pieces = self._rewritten(texts)

        def _rewritten(self, texts: AnswerStream) -> Iterator[bytes]:
            try:
                for piece in self._stream:
                    if changed := texts.feed(piece):
                        yield changed
            except module.RequestError:  # what was held back had been said before it broke
                yield texts.end()
                raise
            yield texts.end()

        def __iter__(self) -> Iterator[bytes]:
            return self._pieces

        def close(self) -> None:
            self._stream.close()

    class Decoded(module.SyncByteStream):  # type: ignore[misc, name-defined]  # made at run time
        """The decoded bytes of a response."""

        def __init__(self, response: Foreign) -> None:
            self._response = response

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._response.iter_bytes())

        def close(self) -> None:
            self._response.close()

    class PolicyClient(module.Client):  # type: ignore[misc, name-defined]  # made at run time
        """A client that enforces policies and has another one send."""

        def __init__(self, base: Foreign, policing: Source[Policing], parser: bool) -> None:
            super().__init__(transport=refusing_transport(family)(), trust_env=False)
            self._policed_base, self._policing, self._parser = base, policing, parser

        def build_request(self, *args: Foreign, **kwargs: Foreign) -> Foreign:
            return self._policed_base.build_request(*args, **kwargs)

        def send(self, request: Foreign, *, stream: bool = False, **kwargs: Foreign) -> Foreign:
            base = self._policed_base
            if not may_be_policed(request):
                return base.send(request, stream=stream, **kwargs)
            request.read()
            crossing = Crossing.of(module, request, self._policing.current, parser=self._parser)
            if crossing is None:
                return base.send(request, stream=stream, **kwargs)
            response = crossing.refused() or self._answered(crossing, base.send(crossing.sent(), stream=True, **kwargs))
            if not stream:
                response.read()
            return response

        def _answered(self, crossing: Crossing, response: Foreign) -> Foreign:
            try:
                form = crossing.form(response)
            except Refusal as fault:
                response.close()
                return crossing.failed(fault)
            if form is None:
                return crossing.labelled(response)
            if not crossing.is_raw(response):
                response = crossing.decoded(response, Decoded(response))
            if form == "stream":
                return crossing.streamed(response, Rewritten(response.stream, crossing.texts()))
            try:
                body = b"".join(response.stream)
            except module.RequestError as error:
                error.request = response.request
                raise
            finally:
                response.stream.close()
            return crossing.whole(response, body)

        def close(self) -> None:
            self._policed_base.close()

        def __enter__(self) -> Foreign:
            self._policed_base.__enter__()
            return self

        def __exit__(self, *caught: Foreign) -> None:
            self._policed_base.__exit__(*caught)

    return with_base_properties(PolicyClient)
