"""Measure how cost grows with policies and tenants: ``python -m benchmarks.scaling [--quick]``.

One table has a row for each number of policies: loading and compiling them, the memory that they add to a process,
selecting one by a known model name, and applying it. It also compares requests while nothing else runs with requests
while another thread reloads all policies. The other table has a row for each number of tenants, each of which has a
rule of its own in one policy. Every row is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.bodies import MODEL, build_conversation
from benchmarks.servers.processes import ROOT, read_resident_mb
from benchmarks.suites.library import write_policies
from benchmarks.timing import measure_seconds
from prompt_policy import Pipeline, Policy, load_paths
from prompt_policy.conditions.context import RequestContext
from prompt_policy.runtime.resolver import PolicyResolver

POLICIES: Final = (1, 100, 1_000, 10_000)
TENANTS: Final = (1, 10, 100, 1_000)
COLUMNS: Final = {
    "load": "load, s", "memory": "memory, MB", "select": "select, µs", "apply": "apply, µs",
    "idle_median": "median, ms", "idle_p99": "P99, ms",
    "reload_median": "median in a reload", "reload_p99": "P99 in a reload", "reload_max": "longest in a reload",
}  # fmt: skip
_CALLS: Final = 1_000
_BLOCKS: Final = 7
_PAUSE_S: Final = 0.001
"""Between two requests."""
Row = dict[str, float]


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the largest number of policies")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as temporary:
        rows = {}
        for number in POLICIES[:-1] if quick else POLICIES:
            folder = Path(temporary, str(number))
            folder.mkdir()
            write_policies(folder, number)
            rows[number] = _run_child("measure_policies", str(folder))
    sys.stdout.writelines(format_table("policies", rows))
    sys.stdout.write("\n")
    sys.stdout.writelines(
        format_table("tenants", {number: _run_child("measure_tenants", number) for number in TENANTS})
    )
    return 0


def format_table(title: str, rows: dict[int, Row]) -> Iterator[str]:
    """Yield the lines of a table with a row for each number."""
    names = list(next(iter(rows.values())))
    widths = [max(len(COLUMNS[name]), 9) for name in names]
    heads = "".join(f"  {COLUMNS[name]:>{width}}" for name, width in zip(names, widths, strict=True))
    yield f"{title:>8}{heads}\n"
    for number, row in rows.items():
        cells = "".join(f"  {row[name]:>{width}.3g}" for name, width in zip(names, widths, strict=True))
        yield f"{number:>8,}{cells}\n"


def measure_policies(folder: str) -> Row:
    """Return the figures of a folder of policies."""
    body = build_conversation()
    before = _read_memory()
    resolvers: list[PolicyResolver] = []
    load_s = measure_seconds(lambda: resolvers.append(PolicyResolver(load_paths([folder]))))
    [resolver] = resolvers
    pipeline = resolver.resolve(MODEL)
    assert pipeline is not None
    memory = _read_memory() - before
    idle = _time_requests(resolver, body, threading.Event(), _CALLS)
    done = threading.Event()
    thread = threading.Thread(target=_reload, args=(folder, done))
    thread.start()
    during = _time_requests(resolver, body, done, None)
    thread.join()
    return {
        "load": load_s,
        "memory": memory,
        "select": 1e6 * _find_median(lambda: resolver.resolve(MODEL)),
        "apply": 1e6 * _find_median(lambda: pipeline.apply(body, "chat")),
        "idle_median": 1e3 * statistics.median(idle),
        "idle_p99": 1e3 * _find_p99(idle),
        "reload_median": 1e3 * statistics.median(during),
        "reload_p99": 1e3 * _find_p99(during),
        "reload_max": 1e3 * max(during),
    }


def _reload(folder: str, done: threading.Event) -> None:
    """Load and compile all policies, as the thread does that follows edited files."""
    PolicyResolver(load_paths([folder]))
    done.set()


def _time_requests(resolver: PolicyResolver, body: Any, done: threading.Event, calls: int | None) -> list[float]:
    """Return the time from the arrival of each request to its result, until the event is set or after some calls.

    A request arrives at the end of a pause. The time includes the wait while another thread has the interpreter.
    """
    times: list[float] = []
    while not done.is_set() and (calls is None or len(times) < calls):
        arrival = time.perf_counter() + _PAUSE_S
        time.sleep(_PAUSE_S)
        pipeline = resolver.resolve(MODEL)
        assert pipeline is not None
        pipeline.apply(body, "chat")
        times.append(time.perf_counter() - arrival)
    return times


def build_tenant_policy(tenants: int) -> Policy:
    """Return a policy with one rule for each tenant, of which one holds for a request."""
    rules: list[dict[str, Any]] = [
        {"name": f"tenant-{number}", "kind": "clamp", "when": {"team": f"team-{number}"},
         "parameters": {"temperature": {"max": 0.7}}}
        for number in range(tenants)
    ]  # fmt: skip
    return Policy.model_validate({"version": 1, "name": "tenants", "rules": rules})


def measure_tenants(tenants: int) -> Row:
    """Return the figures of one policy whose last rule is that of the request's team."""
    body, context = build_conversation(), RequestContext(team=f"team-{tenants - 1}")
    pipelines: list[Pipeline] = []
    load_s = measure_seconds(lambda: pipelines.append(Pipeline(build_tenant_policy(tenants))))
    apply = 1e6 * _find_median(lambda: pipelines[0].apply(body, "chat", context))
    return {"load": load_s, "apply": apply}


def _find_median(work: Callable[[], object]) -> float:
    return statistics.median(measure_seconds(work, _CALLS) for _ in range(_BLOCKS))


def _find_p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]


def _read_memory() -> float:
    gc.collect()
    return read_resident_mb(os.getpid())


def _run_child(function: str, argument: str | int) -> Row:
    program = f"import json; from benchmarks.scaling import {function}; print(json.dumps({function}({argument!r})))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True)
    row: Row = json.loads(done.stdout)
    return row


if __name__ == "__main__":
    sys.exit(main())
