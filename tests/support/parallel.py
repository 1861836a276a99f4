"""A pytest plugin for ``pytest -n 2``: which tests run side by side in the workers of pytest-xdist.

Files run side by side, except that the tests of the real vLLM stay in one worker. A test marked ``exclusive`` measures
time or load. It runs, with the setup and teardown of its fixtures, while no other test of this checkout runs, neither
in another worker nor in another pytest process.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
_QUEUE, _RUNNING = TESTS / "support", TESTS
"""Folders that are locked. A test that waits holds the queue, so that later tests cannot overtake an exclusive one."""
_TOGETHER = "tests/integration/vllm/"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the lock while a test is set up, runs and is torn down."""
    is_exclusive = item.get_closest_marker("exclusive") is not None
    with ExitStack() as stack:
        with _lock(_QUEUE, fcntl.LOCK_EX):
            stack.enter_context(_lock(_RUNNING, fcntl.LOCK_EX if is_exclusive else fcntl.LOCK_SH))
        return (yield)


@contextmanager
def _lock(folder: Path, operation: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler that hands out files in the order of collection, in which the slow ones come first."""
    from xdist.scheduler import LoadScopeScheduling

    class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist may be absent
        def _split_scope(self, nodeid: str) -> str:
            return _TOGETHER if nodeid.startswith(_TOGETHER) else nodeid.split("::", 1)[0]

    config.option.loadscopereorder = False
    return FileScheduling(config, log)
