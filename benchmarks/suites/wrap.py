"""The cost of a wrapped OpenAI client beside a plain one, against a local server that answers immediately."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai

from benchmarks.bodies import MODEL
from benchmarks.figures import Figure
from benchmarks.servers.processes import CLIENT_CORE, serve_app
from prompt_policy import Policy
from prompt_policy.openai import wrap

MESSAGES: Any = [
    {"role": "system", "content": "You are a patient tutor. " * 20},
    {"role": "user", "content": "Describe the longest rivers of Europe. " * 20},
]
REQUEST_RULES_ONLY = Policy.model_validate({
    "version": 1, "name": "request-rules", "rules": [
        {"name": "sampling", "kind": "clamp", "parameters": {"temperature": {"max": 0.7}}},
    ],
})  # fmt: skip


def _call(client: openai.OpenAI) -> None:
    client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature=0.6)


def _stream(client: openai.OpenAI, **parameters: Any) -> None:
    for _chunk in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, extra_body=parameters):
        pass


def _stream_with_changes(client: openai.OpenAI) -> None:
    _stream(client, spaces_last=True)  # whitespace at the end is buffered until the next chunk


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the times of the wrapped client over those of the plain one."""
    blocks = 8 if quick else 15
    os.sched_setaffinity(0, {CLIENT_CORE})
    with serve_app("bare") as served, openai.OpenAI(base_url=f"{served.url}/v1", api_key="none") as plain:
        shipped, requests_only = wrap(plain), wrap(plain, REQUEST_RULES_ONLY)
        yield from _compare("a whole answer", _call, plain, shipped, blocks, 100, 1.15)
        yield from _compare("a stream of 200 chunks", _stream, plain, shipped, blocks, 10, 1.05)
        yield from _compare(
            "the same, a rule changes every chunk", _stream_with_changes, plain, shipped, blocks, 10, None
        )
        yield from _compare("the same, no rule for answers", _stream, plain, requests_only, blocks, 10, None)


def _compare(  # noqa: PLR0917 - one figure
    name: str, use: Callable[[openai.OpenAI], None], plain: openai.OpenAI, wrapped: openai.OpenAI,
    blocks: int, count: int, at_most: float | None,
) -> Iterator[Figure]:  # fmt: skip
    pairs = []
    for _ in range(blocks + 1):
        spent = {plain: 0.0, wrapped: 0.0}
        for turn in range(count):  # alternating, so that other work on the machine affects both equally
            for client in (plain, wrapped) if turn % 2 == 0 else (wrapped, plain):
                begun = time.perf_counter()
                use(client)
                spent[client] += time.perf_counter() - begun
        pairs.append((spent[plain], spent[wrapped]))
    yield Figure.of(f"{name}, wrapped / plain", [after / before for before, after in pairs[1:]], at_most=at_most)
    yield Figure.of("- plain", [1e6 * before / count for before, _ in pairs[1:]], "µs")
