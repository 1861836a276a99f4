"""A callback for LiteLLM that counts the event loop's tasks: it is copied beside the config and loaded from there.

Every second it writes ``tasks-PID.json`` beside itself, with how many tasks there are of each coroutine, and collects
garbage once for each time that the file ``collect`` is touched. It is driven by a timer of the event loop, which is no
task.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections import Counter
from pathlib import Path
from typing import Final

from litellm.integrations.custom_logger import CustomLogger

EVERY_S: Final = 1.0


class TaskCount(CustomLogger):  # type: ignore[misc]  # LiteLLM has no types
    """Counts tasks from the moment that LiteLLM loads it."""

    def __init__(self) -> None:
        super().__init__()
        self._collected = 0.0
        self._count(asyncio.get_running_loop())

    def _count(self, loop: asyncio.AbstractEventLoop) -> None:
        names = Counter(_name(task) for task in asyncio.all_tasks(loop))
        draft = Path(__file__).with_name(f".tasks-{os.getpid()}")
        draft.write_text(json.dumps(names))
        draft.rename(Path(__file__).with_name(f"tasks-{os.getpid()}.json"))
        self._collect()
        loop.call_later(EVERY_S, self._count, loop)

    def _collect(self) -> None:
        asked = Path(__file__).with_name("collect")
        if asked.exists() and (at := asked.stat().st_mtime) > self._collected:
            self._collected = at
            gc.collect()


def _name(task: asyncio.Task[object]) -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", coroutine))


counter = TaskCount()
