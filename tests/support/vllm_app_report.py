"""What ``vllm_app`` reports of vLLM's app."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.vllm_server import OFFLINE

SCRIPT = Path(__file__).with_name("vllm_app.py")
RECORDED = Path(__file__).parent / "vllm_apps" / "0.33.0.json"
TIMEOUT_S = 300


@dataclass(frozen=True)
class AppReport:
    """The routes of an app by path, the middlewares from the outermost, the options, and the log."""

    routes: Mapping[str, frozenset[str]]
    middlewares: Sequence[str]
    options: frozenset[str]
    log: str


def describe_vllm_apps(
    python: str, options: Mapping[str, Sequence[str]], variables: Mapping[str, str]
) -> dict[str, AppReport]:
    """Build an app of vLLM's for each name in its own interpreter, without a model, and return their descriptions."""
    environment = {**os.environ, **OFFLINE, **variables}
    command = [python, str(SCRIPT), json.dumps(options)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    described = json.loads(done.stdout.splitlines()[-1])
    return {name: parse_report(report, done.stdout + done.stderr) for name, report in described.items()}


def parse_report(report: Mapping[str, Any], log: str = "") -> AppReport:
    """Return the description of an app from its JSON. The methods of a path are on one or several routes."""
    routes: dict[str, frozenset[str]] = {}
    for route in report["routes"]:
        routes[route["path"]] = routes.get(route["path"], frozenset()) | frozenset(route["methods"])
    return AppReport(routes, report.get("middlewares", ()), frozenset(report["options"]), log)


def load_newest_report() -> AppReport:
    """Return the recorded app of the newest vLLM, which has no CPU build on PyPI; ``vllm_app`` says how it was made."""
    return parse_report(json.loads(RECORDED.read_text()))
