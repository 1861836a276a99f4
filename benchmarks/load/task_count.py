"""A LiteLLM callback that counts the event loop's tasks; it is copied into the folder of the config and loaded there.

Every second it writes ``tasks-PID.json`` into that folder: the number of tasks of each coroutine. It collects garbage
whenever the file ``collect`` has been touched. A timer of the event loop drives it, because a task would count itself.
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

INTERVAL_S: Final = 1.0


class TaskCount(CustomLogger):  # type: ignore[misc]  # LiteLLM has no types
    """Counts tasks as soon as LiteLLM has loaded it."""

    def __init__(self) -> None:
        super().__init__()
        self._collected = 0.0
        self._count(asyncio.get_running_loop())

    def _count(self, loop: asyncio.AbstractEventLoop) -> None:
        names = Counter(_get_coroutine_name(task) for task in asyncio.all_tasks(loop))
        draft = Path(__file__).with_name(f".tasks-{os.getpid()}")
        draft.write_text(json.dumps(names))
        draft.rename(Path(__file__).with_name(f"tasks-{os.getpid()}.json"))
        self._collect()
        loop.call_later(INTERVAL_S, self._count, loop)

    def _collect(self) -> None:
        trigger = Path(__file__).with_name("collect")
        if trigger.exists() and (at := trigger.stat().st_mtime) > self._collected:
            self._collected = at
            gc.collect()


def _get_coroutine_name(task: asyncio.Task[object]) -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", coroutine))


counter = TaskCount()
