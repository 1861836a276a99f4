"""A process that loads policies, selects among them and watches their files; it prints the times as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Final, TypedDict

from benchmarks.bare_loop import build_whole_app, run_request
from benchmarks.bodies import MODEL, build_conversation
from benchmarks.texts import WORDS, build_answer
from benchmarks.timing import measure_seconds
from prompt_policy import Pipeline, PolicySet, load_paths
from prompt_policy.asgi import PolicyMiddleware

NEW_NAMES: Final = 200
KNOWN_CALLS: Final = 5000
_SETTLE_S: Final = 2.0
_WINDOW_S: Final = 4.0


class Times(TypedDict):
    """Seconds in one process: loading, the first selection, each selection of a new name, and of a known one."""

    load: float
    first: float
    new: float
    known: float


def measure_selection(paths: Sequence[str]) -> Times:
    """Return the times of a set of policies; no paths: the shipped library."""
    loaded: list[PolicySet] = []

    def load() -> None:
        policies = load_paths(paths)
        for policy in policies.policies:
            Pipeline(policy)
        loaded.append(policies)

    load_s = measure_seconds(load)
    policies = loaded[0]
    first = measure_seconds(lambda: policies.select(MODEL))
    names = iter([f"organisation/Another-Model-{number}B-Instruct" for number in range(NEW_NAMES)])
    new = measure_seconds(lambda: policies.select(next(names)), NEW_NAMES)
    known = measure_seconds(lambda: policies.select(MODEL), KNOWN_CALLS)
    return {"load": load_s, "first": first, "new": new, "known": known}


def measure_watch(path: str, windows: int) -> list[float]:
    """Return the share of a core, in each window, of an idle middleware that watches files."""
    app = PolicyMiddleware(build_whole_app(build_answer(WORDS)), path)
    run_request(app, build_conversation())()  # the first request starts the watch
    time.sleep(_SETTLE_S)
    shares = []
    for _ in range(windows):
        begun, spent = time.perf_counter(), time.process_time()
        time.sleep(_WINDOW_S)
        shares.append((time.process_time() - spent) / (time.perf_counter() - begun))
    return shares


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    result = measure_watch(arguments[0], int(arguments[1])) if mode == "watch" else measure_selection(arguments)
    sys.stdout.write(json.dumps(result))
