"""The paced fake on a port of its own, in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from prompt_policy.launcher.ports import LOOPBACK, free_port
from tests.bench.paced_server import Paced


def _serve(app: Paced, port: int) -> None:
    uvicorn.run(app, host=LOOPBACK, port=port, log_level="critical", lifespan="off")


@contextmanager
def serving(**known: Any) -> Iterator[str]:
    """Serve a ``Paced`` with these fields; give its base URL. What is a function must be one of a module."""
    port = free_port(LOOPBACK)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(Paced(**known), port), daemon=True)
    process.start()
    url = f"http://{LOOPBACK}:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/v1/models", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"{url}/v1"
    finally:
        process.kill()
        process.join()
