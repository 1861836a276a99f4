"""What ``vllm_app`` reports of vLLM's app."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.vllm_server import OFFLINE

SCRIPT = Path(__file__).with_name("vllm_app.py")
TIMEOUT_S = 300


@dataclass(frozen=True)
class AppReport:
    """The routes of an app by path, the middlewares from the outermost, the options, and the log."""

    routes: Mapping[str, frozenset[str]]
    middlewares: Sequence[str]
    options: frozenset[str]
    log: str


def describe_vllm_app(python: str, *options: str, variables: Mapping[str, str]) -> AppReport:
    """Build vLLM's app in its own interpreter, without a model, and return its description."""
    environment = {**os.environ, **OFFLINE, **variables}
    command = [python, str(SCRIPT), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    report = json.loads(done.stdout.splitlines()[-1])
    routes: dict[str, frozenset[str]] = {}
    for route in report["routes"]:
        routes[route["path"]] = routes.get(route["path"], frozenset()) | frozenset(route["methods"])
    return AppReport(routes, report["middlewares"], frozenset(report["options"]), done.stdout + done.stderr)
