"""A running echo backend for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn

from prompt_policy.launcher.ports import LOOPBACK, bound, url_of
from prompt_policy.proxy.echo import create_app

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that serves an echo backend over loopback until the test ends, and returns its root."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served(create_app(**options)))


@pytest.fixture
def serve_app() -> Iterator[Callable[[Any], str]]:
    """Give a function that serves any ASGI app over loopback until the test ends, and returns its root."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(served(app))


@contextmanager
def served(app: Any) -> Iterator[str]:
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
