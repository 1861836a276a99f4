"""The callback with a watch: how long LiteLLM is inside of its hooks, and how long it took to make.

LiteLLM asks a callback's own class for its hooks, so each is defined here again. What the watch itself costs counts as
the hooks' time.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

_begun = perf_counter()

from prompt_policy.litellm import host, start  # noqa: E402 - its import is part of what is timed


class TimedCallback(host.PolicyCallback):
    """The callback, timed, hook by hook."""

    spent: ClassVar[defaultdict[str, float]] = defaultdict(float)

    async def async_pre_call_hook(self, *args: Any, **kwargs: Any) -> None:
        """Time the hook."""
        await self._timed("refusals before any try", super().async_pre_call_hook(*args, **kwargs))

    async def async_pre_call_deployment_hook(self, *args: Any, **kwargs: Any) -> Any:
        """Time the hook."""
        return await self._timed("the request", super().async_pre_call_deployment_hook(*args, **kwargs))

    async def async_post_call_success_hook(self, *args: Any, **kwargs: Any) -> Any:
        """Time the hook."""
        return await self._timed("the whole answer", super().async_post_call_success_hook(*args, **kwargs))

    async def async_post_call_response_headers_hook(self, *args: Any, **kwargs: Any) -> Any:
        """Time the hook."""
        return await self._timed("headers", super().async_post_call_response_headers_hook(*args, **kwargs))

    async def _timed(self, name: str, hook: Coroutine[Any, Any, Any]) -> Any:
        begun = perf_counter()
        try:
            return await hook
        finally:
            self.spent[name] += perf_counter() - begun

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: AsyncIterator[Any], request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Time the hook without the time in which it waits for the stream."""
        upstream = _Watched(response)
        chunks = super().async_post_call_streaming_iterator_hook(user_api_key_dict, upstream, request_data)
        while True:
            begun, waited = perf_counter(), upstream.waited
            try:
                chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            finally:
                self.spent["the streamed answer"] += perf_counter() - begun - (upstream.waited - waited)
            yield chunk


class _Watched:
    """A stream that notes how long it was waited for."""

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self._stream = aiter(stream)
        self.waited = 0.0

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        begun = perf_counter()
        try:
            return await anext(self._stream)
        finally:
            self.waited += perf_counter() - begun


def _told(callback: TimedCallback, started: float) -> None:
    file = Path(os.environ["PROMPT_POLICY_BENCH_TIMES"])
    while True:
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps({"start": started, **callback.spent}))
        draft.rename(file)
        time.sleep(0.1)


def _made() -> TimedCallback:
    made = start.make_callback()
    made.__class__ = TimedCallback  # the hooks of the very object that users get, with a watch
    assert isinstance(made, TimedCallback)
    threading.Thread(target=_told, args=(made, perf_counter() - _begun), daemon=True).start()
    return made


callback = _made()
