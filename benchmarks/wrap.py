"""What a wrapped OpenAI client costs, against a server on loopback that answers at once, in turns with a plain one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai

from benchmarks.bodies import MODEL
from benchmarks.figures import Figure
from benchmarks.serving import CLIENT_CORE, app
from prompt_policy import Policy
from prompt_policy.openai import wrap

MESSAGES: Any = [
    {"role": "system", "content": "You are a patient tutor. " * 20},
    {"role": "user", "content": "Tell me about the rivers of Europe. " * 20},
]
REQUEST_RULES_ONLY = Policy.model_validate({
    "version": 1, "name": "request-rules", "rules": [
        {"name": "sampling", "kind": "clamp", "parameters": {"temperature": {"max": 0.7}}},
    ],
})  # fmt: skip


def _call(client: openai.OpenAI) -> None:
    client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature=0.6)


def _stream(client: openai.OpenAI, **asked: Any) -> None:
    for _chunk in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, extra_body=asked):
        pass


def _changed_stream(client: openai.OpenAI) -> None:
    _stream(client, spaces_last=True)  # whitespace at the end waits for what comes next


def measure(quick: bool) -> Iterator[Figure]:
    """Yield wrapped over plain."""
    blocks = 8 if quick else 15
    os.sched_setaffinity(0, {CLIENT_CORE})
    with app("bare") as served, openai.OpenAI(base_url=f"{served.url}/v1", api_key="none") as plain:
        shipped, requests_only = wrap(plain), wrap(plain, REQUEST_RULES_ONLY)
        yield from _compared("a whole answer", _call, plain, shipped, blocks, 100, 1.2)
        yield from _compared("a stream of 200 chunks", _stream, plain, shipped, blocks, 10, 1.15)
        yield from _compared("the same, a rule changes every chunk", _changed_stream, plain, shipped, blocks, 10, None)
        yield from _compared("the same, no rule for answers", _stream, plain, requests_only, blocks, 10, None)


def _compared(  # noqa: PLR0917 - one figure
    name: str, use: Callable[[openai.OpenAI], None], plain: openai.OpenAI, wrapped: openai.OpenAI,
    blocks: int, count: int, at_most: float | None,
) -> Iterator[Figure]:  # fmt: skip
    pairs = []
    for _ in range(blocks + 1):
        spent = {plain: 0.0, wrapped: 0.0}
        for turn in range(count):  # in turns, use by use, so that whatever else the machine does falls on both
            for client in (plain, wrapped) if turn % 2 == 0 else (wrapped, plain):
                begun = time.perf_counter()
                use(client)
                spent[client] += time.perf_counter() - begun
        pairs.append((spent[plain], spent[wrapped]))
    yield Figure.of(f"{name}, wrapped / plain", [after / before for before, after in pairs[1:]], at_most=at_most)
    yield Figure.of("- plain", [1e6 * before / count for before, _ in pairs[1:]], "µs")
