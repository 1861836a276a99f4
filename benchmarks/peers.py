"""What others cost that stand in the same place, in one run before one backend that answers at once.

Portkey's gateway with ``override_params`` sets parameters; LiteLLM's ``supports_system_message: false`` folds system
messages. Neither does more of what the policy does: see docs/performance.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.bodies import conversation
from benchmarks.figures import Figure, Unavailable
from benchmarks.litellm_proxy import CALLBACK, started
from benchmarks.rawclient import load, request
from benchmarks.serving import CLIENT_CORE, SERVER_CORE, app, await_answer
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from tests.e2e.proxy import KEY

PORTKEY: Final = "@portkey-ai/gateway@1.15.2"


class Way(NamedTuple):
    """A way to the backend: the bytes of a request, and where they go."""

    name: str
    url: str
    data: bytes


def measure(quick: bool) -> Iterator[Figure]:
    """Yield each way's latency, one request at a time, and its requests per second."""
    blocks = 6 if quick else 12
    os.sched_setaffinity(0, {CLIENT_CORE})
    with ExitStack() as stack:
        ways = list(_ways(stack))
        rows = [[_ask(way) for way in ways] for _ in range(blocks + 1)][1:]
    for place, way in enumerate(ways):
        more = [1e3 * (row[place][0] - row[0][0]) for row in rows]
        name = f"{way.name}, more than the backend alone" if place else way.name
        yield Figure.of(f"latency: {name}", more if place else [1e3 * row[0][0] for row in rows], "ms")
        yield Figure.of("- requests per second, over 8 connections", [row[place][1] for row in rows], "/s")


def _ask(way: Way) -> tuple[float, float]:
    alone = asyncio.run(load(way.url, way.data, connections=1, requests=40))
    crowd = asyncio.run(load(way.url, way.data, connections=8, requests=100))
    return statistics.median(alone.latencies), crowd.rate


def _ways(stack: ExitStack) -> Iterator[Way]:
    body = conversation()
    backend = stack.enter_context(app("bare", CLIENT_CORE))
    yield _way("the backend alone", backend.chat, body)
    policed = stack.enter_context(app("policed"))
    yield _way("the middleware in a server like it", policed.chat, body)
    if not shutil.which("npm"):
        sys.stderr.write("peers: without Portkey's gateway: npm is not installed\n")
    else:
        overrides = {"temperature": 0.6, "top_p": 0.95}
        config = {"provider": "openai", "api_key": "none", "custom_host": f"{backend.url}/v1",
                  "override_params": overrides}  # fmt: skip
        url = f"{stack.enter_context(_portkey())}/v1/chat/completions"
        yield _way("Portkey's gateway, override_params", url, body, x_portkey_config=json.dumps(config))
    asked, key = conversation(model="r1"), f"Bearer {KEY}"
    for name, callback, parameters in (
        ("LiteLLM, nothing set", None, {}),
        ("LiteLLM, supports_system_message: false", None, {"supports_system_message": False}),
        ("LiteLLM with the policy", CALLBACK, {}),
    ):
        made, _ = stack.enter_context(started(backend.url, callback, **parameters))
        yield _way(name, made.chat, asked, authorization=key)


def _way(name: str, url: str, body: dict[str, Any], **headers: str) -> Way:
    return Way(name, url, request(url, body, **headers))


@contextmanager
def _portkey() -> Iterator[str]:
    """Install Portkey's gateway in a folder that is gone afterwards, and run it on the servers' core."""
    port = free_port(LOOPBACK)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "install", "--prefix", folder, PORTKEY], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Unavailable(f"npm could not install {PORTKEY}: {done.stderr.strip()[-500:]}")
        script = Path(folder) / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
        command = ["taskset", "-c", str(SERVER_CORE), "node", str(script), f"--port={port}", "--headless"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            await_answer(url_of(LOOPBACK, port), process)
            yield url_of(LOOPBACK, port)
        finally:
            process.terminate()
            process.wait(30)
