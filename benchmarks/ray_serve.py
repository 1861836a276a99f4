"""Measure the start and the memory of a Ray Serve app with policies: ``python -m benchmarks.ray_serve [--repeats N]``.

A node of one machine serves two ingress replicas and two engine replicas that answer without a model: the app of
``tests/support/ray_node/plain_app.py``, with the middleware and without it, in turn. Memory is the proportional set
size (PSS), which divides shared pages among the processes that share them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import psutil

ROOT: Final = Path(__file__).parents[1]
MEGABYTE: Final = 1e6


class NodeFigures(NamedTuple):
    """The figures of one run, in seconds and megabytes."""

    node_s: float
    ready_s: float
    ingress_mb: float
    engine_mb: float
    all_mb: float


ROWS: Final[dict[str, Callable[[NodeFigures], float]]] = {
    "start of the Ray node, s": lambda run: run.node_s,
    "until all replicas are ready, s": lambda run: run.ready_s,
    "memory of an ingress replica, MB": lambda run: run.ingress_mb,
    "memory of an engine replica, MB": lambda run: run.engine_mb,
    "memory of all processes of the node, MB": lambda run: run.all_mb,
}


def main() -> int:
    """Print a table; each value is the median of the runs."""
    options = _parse_options()
    runs: dict[bool, list[NodeFigures]] = {True: [], False: []}
    for _ in range(options.repeats):
        for enforced, found in runs.items():
            found.append(measure(enforced=enforced))
    sys.stdout.write(f"{'median of ' + str(options.repeats):<42}{'with policies':>14}{'without':>14}\n")
    for title, read in ROWS.items():
        values = [statistics.median(map(read, found)) for found in runs.values()]
        sys.stdout.write(f"{title:<42}" + "".join(f"{value:>14.1f}" for value in values) + "\n")
    sys.stdout.write(f"{'size of the environment, MB':<42}{measure_environment():>14.0f}\n")
    return 0


def measure(*, enforced: bool) -> NodeFigures:
    """Start a node, send it requests, and return its figures."""
    from tests.support.ray_cluster import run_node
    from tests.support.ray_environment import ensure_ray_python
    from tests.support.vllm_server import post

    variables = {} if enforced else {"RAY_NODE_WITHOUT_POLICIES": "1"}
    body = {"model": "deepseek-r1-distill-qwen-7b", "messages": [{"role": "user", "content": "Hi"}]}
    with run_node(ensure_ray_python(), "plain", variables=variables) as node:
        for _ in range(40):
            post(f"{node.root}/plain/v1/chat/completions", body).close()
        ingress, engine = (
            statistics.mean(_measure_memory(psutil.Process(pid)) for pid in node.list_replicas("plain", deployment))
            for deployment in ("Ingress", "FakeEngine")
        )
        total = sum(map(_measure_memory, node.list_processes()))
        return NodeFigures(node.facts["node_s"], node.facts["ready_s"], ingress, engine, total)


def measure_environment() -> float:
    """Return the size of Ray's environment, in megabytes."""
    folder = ROOT / ".ray" / "venv"
    return sum(path.lstat().st_size for path in folder.rglob("*")) / MEGABYTE


def _measure_memory(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / MEGABYTE


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
