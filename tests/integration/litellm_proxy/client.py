"""A question, the request and the answer that the policy makes of it, and a client of the proxy."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.support.litellm_proxy import KEY, Proxy

QUESTION: list[Any] = [
    {"role": "system", "content": "You are a patient tutor."},
    {"role": "user", "content": "Solve the quadratic equation x^2 - 5x + 6 = 0."},
]
BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
FOLDED = [
    {"role": "user", "content": f"You are a patient tutor.\n\n{QUESTION[1]['content']}\n{BOXED}"},
    {"role": "assistant", "content": "<think>\n"},
]
CLEANED = "<think>\nHmm.\n</think>\n\nHello\n\n```\na\n\n\n\nb\n```"


def post(proxy: Proxy, path: str = "chat/completions", **body: Any) -> httpx.Response:
    """Send a request without an SDK."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(f"{proxy.url}/v1/{path}", json=body, headers=headers, timeout=60)


def read_events(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the events of a chat stream, which ends with ``[DONE]``."""
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def read_content(response: httpx.Response, *, stream: bool, index: int = 0, key: str = "content") -> str:
    """Return the text of one choice of a chat response."""
    if not stream:
        return str(response.json()["choices"][index]["message"].get(key) or "")
    choices = [choice for event in read_events(response) for choice in event["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get(key) or "" for choice in choices)
