"""Serve the paced fake on a free port, in a separate process."""

from __future__ import annotations

import multiprocessing
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK
from tests.support.paced_server import FakePacedServer


def _serve(app: FakePacedServer, port: int) -> None:
    uvicorn.run(app, host=LOOPBACK, port=port, log_level="critical", lifespan="off")


@contextmanager
def serve_paced(**fields: Any) -> Iterator[str]:
    """Serve a ``FakePacedServer`` with these fields; yield its base URL. Functions must be picklable."""
    port = find_free_port(LOOPBACK)
    app = FakePacedServer(**fields)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(app, port), daemon=True)
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
