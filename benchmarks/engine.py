"""A real vLLM: alone, with the middleware inside, and behind LiteLLM with the callback, in turns.

Two vLLMs of the CPU build with the same random weights; the environment is that of the tests, made in ``.vllm``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, Unavailable
from benchmarks.litellm_proxy import CALLBACK, started
from benchmarks.rawclient import load, request
from benchmarks.serving import ROOT
from tests.e2e.proxy import KEY
from tests.vllm import environment, server

TOKENS: Final = 64
NAME: Final = "DeepSeek-R1-Distill-Tiny"
_MESSAGES: Final = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Tell me about the rivers of Europe."},
]


def measure(quick: bool) -> Iterator[Figure]:
    """Yield what a request takes, in three ways."""
    blocks, number = (6, 4) if quick else (16, 6)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plain, policed = _engines(Path(folder), stack)
        proxied, _ = stack.enter_context(started(plain.root, CALLBACK, model=f"hosted_vllm/{NAME}"))
        ways = [
            (f"{plain.root}/v1/chat/completions", NAME, {}),
            (f"{policed.root}/v1/chat/completions", NAME, {}),
            (proxied.chat, "r1", {"authorization": f"Bearer {KEY}"}),
        ]
        for stream in (False, True):
            rows = [[_ask(*way, stream, number) for way in ways] for _ in range(blocks + 1)][1:]
            what = "streams" if stream else "whole answers"
            plain_s = [row[0] for row in rows]
            yield Figure.of(f"{TOKENS} tokens, {what}, vLLM alone", [1e3 * each for each in plain_s], "ms")
            yield Figure.of("- requests per second: the middleware inside / alone",
                            [row[0] / row[1] for row in rows], at_least=0.99)  # fmt: skip
            yield Figure.of(
                "- requests per second: behind LiteLLM with the policy / alone", [r[0] / r[2] for r in rows]
            )


def _ask(url: str, model: str, headers: dict[str, str], stream: bool, number: int) -> float:
    """Return the median seconds of some requests that come one after another."""
    body: dict[str, Any] = {"model": model, "messages": _MESSAGES, "temperature": 0.6, "seed": 1, "stream": stream}
    body |= {"max_tokens": TOKENS, "ignore_eos": True}
    data = request(url, body, **headers)
    return statistics.median(asyncio.run(load(url, data, connections=1, requests=number)).latencies)


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
