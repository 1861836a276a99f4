"""The callback in LiteLLM's real proxy: time inside of the hooks, throughput, first token, memory, start."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.bodies import MODEL, conversation
from benchmarks.figures import Figure
from benchmarks.rawclient import Load, load, request
from benchmarks.serving import CLIENT_CORE, ROOT, SERVER_CORE, Served, app, resident_mb
from tests.e2e.proxy import KEY, proxy

CALLBACK: Final = "prompt_policy.litellm.callback"
TIMED: Final = "benchmarks.timed_callback.callback"
_TIMES: Final = "PROMPT_POLICY_BENCH_TIMES"
_SETTLED_S: Final = 0.5
WHOLE: Final = conversation(model="r1")
STREAM: Final = conversation(model="r1", stream=True)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of three proxies before one backend: without the callback, with it, and with a watch on it."""
    blocks = 6 if quick else 14
    os.sched_setaffinity(0, {CLIENT_CORE})
    with app("bare", CLIENT_CORE) as backend:
        with started(backend.url, TIMED) as (timed, times):
            yield from _shares(timed, times, blocks)
        plain_memory, policed_memory = [], []
        for turn in range(2 if quick else 4):
            with ExitStack() as stack:
                plain, _ = stack.enter_context(started(backend.url, None))
                policed, _ = stack.enter_context(started(backend.url, CALLBACK))
                for served in (plain, policed):
                    _ask(served, WHOLE, 1, 200)
                    _ask(served, STREAM, 1, 10)
                plain_memory.append(resident_mb(plain.pid))
                policed_memory.append(resident_mb(policed.pid))
                if turn == 0:
                    yield from _compared(plain, policed, blocks)
    more = [with_it - without for with_it, without in zip(policed_memory, plain_memory, strict=True)]
    yield Figure.of("more resident memory, with it - without", more, "MB", at_most=15)


def _shares(timed: Served, times: Callable[[], dict[str, float]], blocks: int) -> Iterator[Figure]:
    """Yield the time inside of the hooks over the time of requests that come one after another."""
    yield Figure.of("callback made, imports included", [times()["start"]] * 2, "s", at_most=0.3)
    for name, body, number, limit in (("request", WHOLE, 100, 0.03), ("stream of 200 chunks", STREAM, 15, 0.05)):
        _ask(timed, body, 1, number)
        shares, spent = [], defaultdict[str, list[float]](list)
        for _ in range(blocks):
            before = times()
            latencies = _ask(timed, body, 1, number).latencies
            inside = {hook: total - before.get(hook, 0) for hook, total in times().items() if hook != "start"}
            shares.append(sum(inside.values()) / sum(latencies))
            for hook, seconds in inside.items():
                spent[hook].append(1e6 * seconds / number)
        yield Figure.of(f"time inside the hooks over the time of a {name}", shares, at_most=limit)
        yield from (Figure.of(f"- of a {name}: {hook}", each, "µs") for hook, each in spent.items() if any(each))


def _compared(plain: Served, policed: Served, blocks: int) -> Iterator[Figure]:
    """Yield what clients see with the callback over what they see without it, in turns."""
    for name, body, connections, number in (("requests", WHOLE, 8, 150), ("streams", STREAM, 8, 16)):
        pairs = [(_ask(plain, body, connections, number), _ask(policed, body, connections, number))
                 for _ in range(blocks)]  # fmt: skip
        rates = [with_it.rate / without.rate for without, with_it in pairs]
        yield Figure.of(f"{name} per second, with it / without", rates)
        yield Figure.of(f"{name} per second, without", [without.rate for without, _ in pairs], "/s")
        yield Figure.of(f"P95 of {name}, with it / without", [_p95(b) / _p95(a) for a, b in pairs])
    firsts = [(_ask(plain, STREAM, 1, 12).firsts, _ask(policed, STREAM, 1, 12).firsts) for _ in range(blocks)]
    ratios = [statistics.median(with_it) / statistics.median(without) for without, with_it in firsts]
    yield Figure.of("time to the first byte of a stream, with it / without", ratios)
    yield Figure.of("the same, without", [1e3 * statistics.median(without) for without, _ in firsts], "ms")


def _p95(result: Load) -> float:
    return statistics.quantiles(result.latencies, n=20)[-1]


def _ask(served: Served, body: dict[str, Any], connections: int, number: int) -> Load:
    data = request(served.chat, body, authorization=f"Bearer {KEY}")
    return asyncio.run(load(served.chat, data, connections=connections, requests=number))


@contextmanager
def started(
    backend: str, callback: str | None, *, pinned: bool = True, **parameters: Any
) -> Iterator[tuple[Served, Callable[[], dict[str, float]]]]:
    """Start a proxy as users do, pinned to the servers' core; give also what tells its watch's times."""
    told = {"model": f"hosted_vllm/{MODEL}", "api_base": f"{backend}/v1", "api_key": "none", **parameters}
    config: dict[str, Any] = {
        "model_list": [{"model_name": "r1", "litellm_params": told}],
        "litellm_settings": {"callbacks": [callback] if callback else [], "num_retries": 0},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "times.json"
        os.environ |= {_TIMES: str(file), "PYTHONPATH": str(ROOT)}
        with proxy(config, Path(folder)) as made:
            for thread in Path(f"/proc/{made.process.pid}/task").iterdir() if pinned else ():
                os.sched_setaffinity(int(thread.name), {SERVER_CORE})

            def times() -> dict[str, float]:
                time.sleep(_SETTLED_S)
                found: dict[str, float] = json.loads(file.read_text())
                return found

            yield Served(made.url, made.process.pid), times
