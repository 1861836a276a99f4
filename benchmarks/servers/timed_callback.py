"""The callback with a timer in each hook, and the time that its creation takes.

LiteLLM looks hooks up in a callback's own class, so each is defined here again. The timer's own cost counts as time of
the hooks.
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

from prompt_policy.litellm import hooks, startup  # noqa: E402 - the time of this import is measured


class TimedCallback(hooks.PolicyCallback):
    """The callback with the total time of each hook in ``spent``."""

    spent: ClassVar[defaultdict[str, float]] = defaultdict(float)

    async def async_pre_call_hook(self, *args: Any, **kwargs: Any) -> None:
        """Time the hook."""
        await self._time_hook("rejections before any attempt", super().async_pre_call_hook(*args, **kwargs))

    async def async_pre_call_deployment_hook(self, *args: Any, **kwargs: Any) -> Any:
        """Time the hook."""
        return await self._time_hook("the request", super().async_pre_call_deployment_hook(*args, **kwargs))

    async def async_post_call_success_hook(self, *args: Any, **kwargs: Any) -> Any:
        """Time the hook."""
        return await self._time_hook("the whole answer", super().async_post_call_success_hook(*args, **kwargs))

    async def async_post_call_response_headers_hook(self, *args: Any, **kwargs: Any) -> Any:
        """Time the hook."""
        return await self._time_hook("headers", super().async_post_call_response_headers_hook(*args, **kwargs))

    async def _time_hook(self, name: str, hook: Coroutine[Any, Any, Any]) -> Any:
        begun = perf_counter()
        try:
            return await hook
        finally:
            self.spent[name] += perf_counter() - begun

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: AsyncIterator[Any], request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Time the hook without the time in which it waits for the stream."""
        upstream = _TimedStream(response)
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


class _TimedStream:
    """A stream that measures how long its consumer waits for it."""

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


def _write_times(callback: TimedCallback, started: float) -> None:
    file = Path(os.environ["PROMPT_POLICY_BENCH_TIMES"])
    while True:
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps({"start": started, **callback.spent}))
        draft.rename(file)
        time.sleep(0.1)


def _create_callback() -> TimedCallback:
    created = startup.create_callback()
    created.__class__ = TimedCallback  # the object that users get, with timed hooks
    assert isinstance(created, TimedCallback)
    threading.Thread(target=_write_times, args=(created, perf_counter() - _begun), daemon=True).start()
    return created


callback = _create_callback()
