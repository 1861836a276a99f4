"""A real vLLM: alone, with the middleware inside, and behind LiteLLM with the callback, in turns.

Two vLLMs of the CPU build with the same random weights; the environment is that of the tests, made in ``.vllm``. The
one alone is sent what the policy makes of the request, so that all three do the same work.
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
from benchmarks.litellm_proxy import CALLBACK, started
from benchmarks.rawclient import load as load_requests
from benchmarks.rawclient import request
from benchmarks.serving import ROOT
from prompt_policy import Pipeline, load
from tests.e2e.proxy import KEY
from tests.vllm import environment, server

TOKENS: Final = 64
NAME: Final = "DeepSeek-R1-Distill-Tiny"
_USAGE: Final = {"include_usage": True}
_MESSAGES: Final = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Tell me about the rivers of Europe."},
]


def measure(quick: bool) -> Iterator[Figure]:
    """Yield what a request takes, in three ways."""
    blocks, number = (6, 4) if quick else (16, 6)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plain, policed = _engines(Path(folder), stack)
        proxied, _ = stack.enter_context(started(plain.root, CALLBACK, pinned=False, model=f"hosted_vllm/{NAME}"))
        for stream in (False, True):
            ways = [
                _way(plain.root, Pipeline(load(POLICY)).apply(_asked(NAME, stream), "chat").body),
                _way(policed.root, _asked(NAME, stream)),
                _way(proxied.url, _asked("r1", stream), authorization=f"Bearer {KEY}"),
            ]
            for url, data in ways:
                _check(url, data, stream)
            rows = [[_ask(url, data, number) for url, data in ways] for _ in range(blocks + 1)][1:]
            what = "streams" if stream else "whole answers"
            plain_s = [row[0] for row in rows]
            yield Figure.of(f"{TOKENS} tokens, {what}, vLLM alone", [1e3 * each for each in plain_s], "ms")
            yield Figure.of("- requests per second: the middleware inside / alone",
                            [row[0] / row[1] for row in rows], at_least=0.99)  # fmt: skip
            yield Figure.of(
                "- requests per second: behind LiteLLM with the policy / alone", [r[0] / r[2] for r in rows]
            )


def _asked(model: str, stream: bool) -> dict[str, Any]:
    body = {"model": model, "messages": _MESSAGES, "temperature": 0.6, "seed": 1, "stream": stream}
    return {**body, "max_tokens": TOKENS, "ignore_eos": True, **({"stream_options": _USAGE} if stream else {})}


def _way(root: str, body: dict[str, Any], **headers: str) -> tuple[str, bytes]:
    url = f"{root}/v1/chat/completions"
    return url, request(url, body, **headers)


def _check(url: str, data: bytes, stream: bool) -> None:
    """Raise RuntimeError where an answer has not the tokens that were asked for."""
    head, _, body = data.partition(b"\r\n\r\n")
    told = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
    with urllib.request.urlopen(urllib.request.Request(url, body, told)) as response:
        answer = response.read().decode()
    if f'"completion_tokens":{TOKENS}' not in answer.replace(" ", ""):
        raise RuntimeError(f"{url} did not answer with {TOKENS} tokens: {answer[-500:]}")


def _ask(url: str, data: bytes, number: int) -> float:
    """Return the median seconds of some requests that come one after another."""
    return statistics.median(asyncio.run(load_requests(url, data, connections=1, requests=number)).latencies)


def _engines(folder: Path, stack: ExitStack) -> tuple[server.Server, server.Server]:
    try:
        python = environment.vllm_python()
    except environment.Unavailable as error:
        raise Unavailable(str(error)) from None
    model = folder / NAME
    model.mkdir()
    tests = ROOT / "tests" / "vllm"
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([python, str(tests / "make_model.py"), str(model)], check=True, env=offline, capture_output=True)
    shutil.copy(tests / "templates" / "r1_old.jinja", model / "chat_template.jinja")
    served = ["--served-model-name", NAME]
    inside = ["--", "--middleware", "prompt_policy.asgi.PolicyMiddleware", "--enforce-eager"]
    variables = {
        "PYTHONPATH": str(ROOT / "src"),
        "PROMPT_POLICY_PATH": str(ROOT / "policies" / "deepseek-r1-distill.yaml"),
    }
    made = [
        server.started(python, model, folder, "alone", *served, "--", "--enforce-eager", variables={}),
        server.started(python, model, folder, "policed", *served, *inside, variables=variables),
    ]
    for each in made:
        stack.callback(each.stop)
    for each in made:
        each.ready()
    return made[0], made[1]
