"""Serve ASGI apps over loopback, from a thread of the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn

from prompt_policy.launcher.machine.ports import bind
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.proxy.echo.server import create_app

Serve = Callable[..., str]
KEEP_ALIVE_S = 300
"""Longer than a client keeps a connection, so that none writes a request to a closed one."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A function that serves the real echo backend until the test ends, and returns its root URL."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve_app_in_thread(create_app(**options)))


@pytest.fixture
def serve_app() -> Iterator[Callable[[Any], str]]:
    """A function that serves any ASGI app until the test ends, and returns its root URL."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serve_app_in_thread(app))


@contextmanager
def serve_app_in_thread(app: Any) -> Iterator[str]:
    """Serve an ASGI app until the block ends; yield its root URL."""
    socket = bind(LOOPBACK, 0)
    config = uvicorn.Config(app, log_level="error", ws="none", timeout_keep_alive=KEEP_ALIVE_S)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        yield build_url(LOOPBACK, socket.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        socket.close()
