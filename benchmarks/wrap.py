"""What a wrapped OpenAI client costs: ``python benchmarks/wrap.py [--calls N] [--streams N] [--json]``.

A server on loopback, in a process of its own, answers at once. Plain and wrapped calls take turns in blocks, and each
figure is the median over the blocks of the ratio within a block, with the quartiles.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import openai
import uvicorn

from prompt_policy import Policy
from prompt_policy.launcher.ports import LOOPBACK, bound, url_of
from prompt_policy.openai import wrap
from prompt_policy.wire.values import Json

MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
CHUNKS = 200
BLOCKS = 15
MESSAGES: Any = [
    {"role": "system", "content": "You are a patient tutor. " * 20},
    {"role": "user", "content": "Tell me about the rivers of Europe. " * 20},
]
REQUEST_RULES_ONLY = Policy.model_validate({
    "version": 1, "name": "request-rules", "rules": [
        {"name": "sampling", "kind": "clamp", "parameters": {"temperature": {"max": 0.7}}},
    ],
})  # fmt: skip


async def _answer(scope: Json, receive: Json, send: Json) -> None:
    """Answer a chat request at once, whole or in chunks of the piece of text that it asks for."""
    if scope["type"] != "http":
        return
    body = json.loads((await receive())["body"])
    stream = body.get("stream", False)
    kind = b"text/event-stream" if stream else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    head = {"id": "c", "created": 1, "model": MODEL}
    if not stream:
        message = {"role": "assistant", "content": "word " * 200}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        data = json.dumps({**head, "object": "chat.completion", "choices": [choice]}).encode()
        await send({"type": "http.response.body", "body": data})
        return
    choice = {"index": 0, "delta": {"content": body["piece"]}, "finish_reason": None}
    chunk = f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n".encode()
    for _ in range(CHUNKS):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def _serve(port: int) -> None:
    uvicorn.run(_answer, host=LOOPBACK, port=port, log_level="error", lifespan="off", ws="none")


def _call(client: openai.OpenAI) -> None:
    client.chat.completions.create(model=MODEL, messages=MESSAGES, temperature=0.6)


def _stream(client: openai.OpenAI, piece: str = " word") -> None:
    asked: Any = {"extra_body": {"piece": piece}}
    for _chunk in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, **asked):
        pass


def _changed_stream(client: openai.OpenAI) -> None:
    _stream(client, "word ")  # whitespace at the end waits for what comes next


def measured(
    use: Callable[[openai.OpenAI], None], plain: openai.OpenAI, wrapped: openai.OpenAI, count: int
) -> dict[str, Any]:
    """Return the median ratio of wrapped to plain with its quartiles, and the plain median of one use in microseconds.

    Within a block the two take turns, use by use, so that whatever else the machine does falls on both.
    """
    pairs = []
    for block in range(BLOCKS + 1):
        spent = {plain: 0.0, wrapped: 0.0}
        for turn in range(count):
            for client in (plain, wrapped) if turn % 2 == 0 else (wrapped, plain):
                start = time.perf_counter()
                use(client)
                spent[client] += time.perf_counter() - start
        if block:  # the first one warms up
            pairs.append((spent[plain], spent[wrapped]))
    low, middle, high = statistics.quantiles([after / before for before, after in pairs], n=4)
    base = statistics.median(before for before, _ in pairs) / count * 1e6
    return {"ratio": middle, "quartiles": [low, high], "plain_us": base}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(description="What a wrapped OpenAI client costs.")
    parser.add_argument("--calls", type=int, default=100, help="whole answers per block (default: %(default)s)")
    parser.add_argument("--streams", type=int, default=10, help="streams per block (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    with bound(LOOPBACK, 0) as socket:
        port = socket.getsockname()[1]
    server = multiprocessing.Process(target=_serve, args=(port,), daemon=True)
    server.start()
    try:
        report = asyncio.run(_report(url_of(LOOPBACK, port), options))
    finally:
        server.terminate()
        server.join()
    sys.stdout.write(json.dumps(report, indent=1) + "\n" if options.json else _as_text(report))
    return 0


async def _report(root: str, options: argparse.Namespace) -> dict[str, Any]:
    await _ready(root)
    with openai.OpenAI(base_url=f"{root}/v1", api_key="none") as plain:
        shipped, requests_only = wrap(plain), wrap(plain, REQUEST_RULES_ONLY)
        return {
            "whole answer, shipped policy": measured(_call, plain, shipped, options.calls),
            "stream of 200 chunks, shipped policy": measured(_stream, plain, shipped, options.streams),
            "the same, a rule changes every chunk": measured(_changed_stream, plain, shipped, options.streams),
            "the same, no rule for answers": measured(_stream, plain, requests_only, options.streams),
        }


async def _ready(root: str) -> None:
    port = int(root.rpartition(":")[2])
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError("the server did not start")


def _as_text(report: dict[str, dict[str, Any]]) -> str:
    lines = [f"{'':<40}{'wrapped/plain':>14}  quartiles      plain"]
    for name, row in report.items():
        low, high = row["quartiles"]
        lines.append(f"{name:<40}{row['ratio']:>14.3f}  {low:.3f}-{high:.3f}  {row['plain_us']:>8.0f} µs")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
