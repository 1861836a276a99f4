"""A running echo backend for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette

from prompt_policy.launcher.ports import LOOPBACK, bound, url_of
from prompt_policy.proxy.echo import create_app

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that serves an echo backend over loopback until the test ends, and returns its root."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(_served(create_app(**options)))


@contextmanager
def _served(app: Starlette) -> Iterator[str]:
    socket = bound(LOOPBACK, 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        yield url_of(LOOPBACK, socket.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        socket.close()
