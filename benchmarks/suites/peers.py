"""The cost of alternatives in the same place, in one run in front of one backend that answers immediately.

Portkey's gateway with ``override_params`` sets parameters; LiteLLM's ``supports_system_message: false`` folds system
messages. Neither does anything else that the policy does: see docs/explanation/performance.md.
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

from benchmarks.bodies import build_conversation
from benchmarks.figures import Figure, Unavailable
from benchmarks.servers.client import encode_request, run_load
from benchmarks.servers.processes import CLIENT_CORE, SERVER_CORE, await_answer, serve_app
from benchmarks.suites.litellm_proxy import CALLBACK, start_proxy
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.net import LOOPBACK, build_url
from tests.support.litellm_proxy import KEY

PORTKEY: Final = "@portkey-ai/gateway@1.15.2"


class Way(NamedTuple):
    """A way to the backend: the bytes of a request and their destination."""

    name: str
    url: str
    data: bytes


def measure(quick: bool) -> Iterator[Figure]:
    """Yield each way's latency, one request at a time, and its requests per second."""
    blocks = 6 if quick else 12
    os.sched_setaffinity(0, {CLIENT_CORE})
    with ExitStack() as stack:
        ways = list(_build_ways(stack))
        rows = [[_measure(way) for way in ways] for _ in range(blocks + 1)][1:]
    for place, way in enumerate(ways):
        added = [1e3 * (row[place][0] - row[0][0]) for row in rows]
        name = f"{way.name}, added to the backend alone" if place else way.name
        yield Figure.of(f"latency: {name}", added if place else [1e3 * row[0][0] for row in rows], "ms")
        yield Figure.of("- requests per second, over 8 connections", [row[place][1] for row in rows], "/s")


def _measure(way: Way) -> tuple[float, float]:
    alone = asyncio.run(run_load(way.url, way.data, connections=1, requests=40))
    crowd = asyncio.run(run_load(way.url, way.data, connections=8, requests=100))
    return statistics.median(alone.latencies), crowd.rate


def _build_ways(stack: ExitStack) -> Iterator[Way]:
    body = build_conversation()
    backend = stack.enter_context(serve_app("bare", CLIENT_CORE))
    yield _build_way("the backend alone", backend.chat, body)
    with_policy = stack.enter_context(serve_app("with_policy"))
    yield _build_way("the middleware in the same server", with_policy.chat, body)
    if not shutil.which("npm"):
        sys.stderr.write("peers: Portkey's gateway is not measured, because npm is not installed\n")
    else:
        overrides = {"temperature": 0.6, "top_p": 0.95}
        config = {"provider": "openai", "api_key": "none", "custom_host": f"{backend.url}/v1",
                  "override_params": overrides}  # fmt: skip
        url = f"{stack.enter_context(_run_portkey())}/v1/chat/completions"
        yield _build_way("Portkey's gateway, override_params", url, body, x_portkey_config=json.dumps(config))
    body_for_proxy, key = build_conversation(model="r1"), f"Bearer {KEY}"
    for name, callback, parameters in (
        ("LiteLLM, default settings", None, {}),
        ("LiteLLM, supports_system_message: false", None, {"supports_system_message": False}),
        ("LiteLLM with the policy", CALLBACK, {}),
    ):
        started_proxy, _ = stack.enter_context(start_proxy(backend.url, callback, **parameters))
        yield _build_way(name, started_proxy.chat, body_for_proxy, authorization=key)


def _build_way(name: str, url: str, body: dict[str, Any], **headers: str) -> Way:
    return Way(name, url, encode_request(url, body, **headers))


@contextmanager
def _run_portkey() -> Iterator[str]:
    """Install Portkey's gateway in a temporary folder, and run it on the servers' core."""
    port = find_free_port(LOOPBACK)
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
            await_answer(build_url(LOOPBACK, port), process)
            yield build_url(LOOPBACK, port)
        finally:
            process.terminate()
            process.wait(30)
