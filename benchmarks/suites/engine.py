"""A real vLLM: alone, with the middleware inside, and behind LiteLLM with the callback, in turns.

Two vLLM servers of the CPU build have the same random weights; the environment is that of the tests, in ``.vllm``. The
server without a policy receives the request with the policy already applied, so that all three do the same work.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.bodies import POLICY
from benchmarks.figures import Figure, Unavailable
from benchmarks.servers.client import encode_request, run_load
from benchmarks.servers.processes import ROOT
from benchmarks.suites.litellm_proxy import CALLBACK, start_proxy
from prompt_policy import Pipeline, load
from tests.support import vllm_environment as environment
from tests.support import vllm_server as server
from tests.support.litellm_proxy import KEY

TOKENS: Final = 64
NAME: Final = "DeepSeek-R1-Distill-Tiny"
_USAGE: Final = {"include_usage": True}
_MESSAGES: Final = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Describe the longest rivers of Europe."},
]


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the time of a request on each of three ways."""
    blocks, number = (6, 4) if quick else (16, 6)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plain, with_policy = _start_engines(Path(folder), stack)
        proxied, _ = stack.enter_context(start_proxy(plain.root, CALLBACK, pinned=False, model=f"hosted_vllm/{NAME}"))
        for stream in (False, True):
            ways = [
                _build_way(plain.root, Pipeline(load(POLICY)).apply(_build_body(NAME, stream), "chat").body),
                _build_way(with_policy.root, _build_body(NAME, stream)),
                _build_way(proxied.url, _build_body("r1", stream), authorization=f"Bearer {KEY}"),
            ]
            for url, data in ways:
                _check(url, data, stream)
            rows = [[_measure_latency(url, data, number) for url, data in ways] for _ in range(blocks + 1)][1:]
            what = "streams" if stream else "whole answers"
            plain_s = [row[0] for row in rows]
            yield Figure.of(f"{TOKENS} tokens, {what}, vLLM alone", [1e3 * each for each in plain_s], "ms")
            yield Figure.of("- requests per second: the middleware inside / alone",
                            [row[0] / row[1] for row in rows], at_least=0.99)  # fmt: skip
            yield Figure.of(
                "- requests per second: behind LiteLLM with the policy / alone", [r[0] / r[2] for r in rows]
            )


def _build_body(model: str, stream: bool) -> dict[str, Any]:
    body = {"model": model, "messages": _MESSAGES, "temperature": 0.6, "seed": 1, "stream": stream}
    return {**body, "max_tokens": TOKENS, "ignore_eos": True, **({"stream_options": _USAGE} if stream else {})}


def _build_way(root: str, body: dict[str, Any], **headers: str) -> tuple[str, bytes]:
    url = f"{root}/v1/chat/completions"
    return url, encode_request(url, body, **headers)


def _check(url: str, data: bytes, stream: bool) -> None:
    """Raise RuntimeError if an answer does not have the requested number of tokens."""
    head, _, body = data.partition(b"\r\n\r\n")
    headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
        answer = response.read().decode()
    if f'"completion_tokens":{TOKENS}' not in answer.replace(" ", ""):
        raise RuntimeError(f"{url} did not answer with {TOKENS} tokens: {answer[-500:]}")


def _measure_latency(url: str, data: bytes, number: int) -> float:
    """Return the median seconds of sequential requests."""
    return statistics.median(asyncio.run(run_load(url, data, connections=1, requests=number)).latencies)


def _start_engines(folder: Path, stack: ExitStack) -> tuple[server.Server, server.Server]:
    try:
        python = environment.ensure_vllm_python()
    except environment.Unavailable as error:
        raise Unavailable(str(error)) from None
    model = folder / NAME
    model.mkdir()
    tests = ROOT / "tests" / "integration" / "vllm"
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run(
        [python, str(ROOT / "tests" / "support" / "make_model.py"), str(model)],
        check=True,
        env=offline,
        capture_output=True,
    )
    shutil.copy(tests / "templates" / "r1_old.jinja", model / "chat_template.jinja")
    served = ["--served-model-name", NAME]
    inside = ["--", "--middleware", "prompt_policy.asgi.PolicyMiddleware", "--enforce-eager"]
    variables = {
        "PYTHONPATH": str(ROOT / "src"),
        "PROMPT_POLICY_PATH": str(ROOT / "policies" / "deepseek-r1-distill.yaml"),
    }
    started_proxy = [
        server.start_server(python, model, folder, "alone", *served, "--", "--enforce-eager", variables={}),
        server.start_server(python, model, folder, "with_policy", *served, *inside, variables=variables),
    ]
    for each in started_proxy:
        stack.callback(each.stop)
    for each in started_proxy:
        each.wait_until_ready()
    return started_proxy[0], started_proxy[1]
