"""The callback in LiteLLM's real proxy: time inside the hooks, throughput, first byte, memory, start-up."""

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

from benchmarks.bodies import MODEL, build_conversation
from benchmarks.figures import Figure
from benchmarks.servers.client import LoadResult, encode_request, run_load
from benchmarks.servers.processes import (
    CLIENT_CORE,
    ROOT,
    SERVER_CORE,
    RunningServer,
    read_all_cpu_seconds,
    read_resident_mb,
    serve_app,
)
from tests.support.litellm_proxy import KEY, run_proxy

CALLBACK: Final = "prompt_policy.litellm.callback"
TIMED: Final = "benchmarks.servers.timed_callback.callback"
_TIMES: Final = "PROMPT_POLICY_BENCH_TIMES"
_SETTLE_S: Final = 0.5
LOW_SAMPLE: Final = 0.01
WHOLE: Final = build_conversation(model="r1")
STREAM: Final = build_conversation(model="r1", stream=True)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of proxies in front of one backend: without the callback, with it, and with timed hooks."""
    blocks = 6 if quick else 14
    os.sched_setaffinity(0, {CLIENT_CORE})
    with serve_app("bare", CLIENT_CORE) as backend:
        for sample, request_share in ((1, 0.04), (LOW_SAMPLE, 0.033)):
            with start_proxy(backend.url, TIMED, sample=sample) as (timed, times):
                yield from _measure_shares(timed, times, blocks, sample, request_share)
        without_memory, with_memory = [], []
        for turn in range(2 if quick else 4):
            with ExitStack() as stack:
                plain, _ = stack.enter_context(start_proxy(backend.url, None))
                with_policy, _ = stack.enter_context(start_proxy(backend.url, CALLBACK))
                for served in (plain, with_policy):
                    _send_load(served, WHOLE, 1, 200)
                    _send_load(served, STREAM, 1, 10)
                without_memory.append(read_resident_mb(plain.pid))
                with_memory.append(read_resident_mb(with_policy.pid))
                if turn == 0:
                    yield from _compare(plain, with_policy, blocks)
    more = [with_it - without for with_it, without in zip(with_memory, without_memory, strict=True)]
    yield Figure.of("more resident memory, with it - without", more, "MB", at_most=15)


def _measure_shares(
    timed: RunningServer, times: Callable[[], dict[str, float]], blocks: int, sample: float, request_share: float
) -> Iterator[Figure]:
    """Yield the share of the hooks in the time of sequential requests."""
    logged = "" if sample == 1 else f", log_sample {sample}"
    yield Figure.of(f"callback built, imports included{logged}", [times()["start"]], "s", at_most=0.3)
    for name, body, number, limit in (
        ("request", WHOLE, 100, request_share),
        ("stream of 200 chunks", STREAM, 15, 0.025),
    ):
        _send_load(timed, body, 1, number)
        shares, spent = [], defaultdict[str, list[float]](list)
        for _ in range(blocks):
            before = times()
            latencies = _send_load(timed, body, 1, number).latencies
            inside = {hook: total - before.get(hook, 0) for hook, total in times().items() if hook != "start"}
            shares.append(sum(inside.values()) / sum(latencies))
            for hook, seconds in inside.items():
                spent[hook].append(seconds / number)
        yield Figure.of(f"time inside the hooks over the time of a {name}{logged}", shares, at_most=limit)
        for hook, seconds_each in spent.items():
            if any(seconds_each):
                yield Figure.of_seconds(f"- of a {name}: {hook}{logged}", seconds_each)


def _compare(plain: RunningServer, with_policy: RunningServer, blocks: int) -> Iterator[Figure]:
    """Yield the clients' measurements with the callback over those without it, in alternating blocks."""
    for name, body, connections, number in (("requests", WHOLE, 8, 150), ("streams", STREAM, 8, 16)):
        pairs = [
            tuple(_measure_load(served, body, connections, number) for served in (plain, with_policy))
            for _ in range(blocks)
        ]
        rates = [with_it.rate / without.rate for (without, _), (with_it, _) in pairs]
        yield Figure.of(f"{name} per second, with it / without", rates)
        yield Figure.of(f"{name} per second, without", [without.rate for (without, _), _ in pairs], "/s")
        yield Figure.of(f"P95 of {name}, with it / without", [_p95(b) / _p95(a) for (a, _), (b, _) in pairs])
        added = [with_it - without for (_, without), (_, with_it) in pairs]
        yield Figure.of_seconds(f"added processor time of the proxy, {name}", added)
    first_byte_latencies = [
        (
            _send_load(plain, STREAM, 1, 12).first_byte_latencies,
            _send_load(with_policy, STREAM, 1, 12).first_byte_latencies,
        )
        for _ in range(blocks)
    ]
    ratios = [statistics.median(with_it) / statistics.median(without) for without, with_it in first_byte_latencies]
    yield Figure.of("time to the first byte of a stream, with it / without", ratios)
    yield Figure.of(
        "the same, without", [1e3 * statistics.median(without) for without, _ in first_byte_latencies], "ms"
    )


def _measure_load(
    served: RunningServer, body: dict[str, Any], connections: int, number: int
) -> tuple[LoadResult, float]:
    """Return the client's measurements, and the processor time of all the proxy's threads for one request."""
    before = read_all_cpu_seconds(served.pid)
    result = _send_load(served, body, connections, number)
    return result, (read_all_cpu_seconds(served.pid) - before) / number


def _p95(result: LoadResult) -> float:
    return statistics.quantiles(result.latencies, n=20)[-1]


def _send_load(served: RunningServer, body: dict[str, Any], connections: int, number: int) -> LoadResult:
    data = encode_request(served.chat, body, authorization=f"Bearer {KEY}")
    return asyncio.run(run_load(served.chat, data, connections=connections, requests=number))


@contextmanager
def start_proxy(
    backend: str, callback: str | None, *, pinned: bool = True, sample: float = 1, **parameters: Any
) -> Iterator[tuple[RunningServer, Callable[[], dict[str, float]]]]:
    """Start a proxy as users do, pinned to the servers' core; yield it and a function that returns its hooks' times.

    Arguments:
        backend: the URL of the server behind the proxy.
        callback: the import path of the callback; None: a proxy without it.
        pinned: keep the proxy on the servers' core.
        sample: the share of decisions that is logged.
        parameters: more ``litellm_params`` of the model.
    """
    deployment = {"model": f"hosted_vllm/{MODEL}", "api_base": f"{backend}/v1", "api_key": "none", **parameters}
    config: dict[str, Any] = {
        "model_list": [{"model_name": "r1", "litellm_params": deployment}],
        "litellm_settings": {"callbacks": [callback] if callback else [], "num_retries": 0},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    if sample != 1:
        config["callback_settings"] = {"prompt_policy": {"log_sample": sample}}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "times.json"
        os.environ |= {_TIMES: str(file), "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
        with run_proxy(config, Path(folder)) as started_proxy:
            for thread in Path(f"/proc/{started_proxy.process.pid}/task").iterdir() if pinned else ():
                os.sched_setaffinity(int(thread.name), {SERVER_CORE})

            def times() -> dict[str, float]:
                time.sleep(_SETTLE_S)
                found: dict[str, float] = json.loads(file.read_text())
                return found

            yield RunningServer(started_proxy.url, started_proxy.process.pid), times
