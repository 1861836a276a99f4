"""Read the texts of a response from any endpoint, whole or streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
Texts = dict[str, str]


def read_texts(endpoint: str, body: str, *, stream: bool) -> Texts:
    """Return the content, and the reasoning if there is any."""
    values = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    pieces = _event_texts(endpoint, values) if stream else _answer_texts(endpoint, json.loads(body))
    texts = {"content": "", "reasoning": ""}
    for channel, text in pieces:
        texts[channel] += text or ""
    return {channel: text for channel, text in texts.items() if text or channel == "content"}


def _answer_texts(endpoint: str, answer: Any) -> Iterator[tuple[str, str | None]]:
    if endpoint in ("chat", "completions"):
        yield from _choice_texts(answer["choices"], "message")
    for item in answer.get("output", ()):
        channel = "reasoning" if item["type"] == "reasoning" else "content"
        yield from ((channel, part["text"]) for part in item["content"])
    for block in answer.get("content", ()):
        yield "reasoning" if block["type"] == "thinking" else "content", block.get("text") or block.get("thinking")


def _event_texts(endpoint: str, values: list[Any]) -> Iterator[tuple[str, str | None]]:
    for value in values:
        if endpoint in ("chat", "completions"):
            yield from _choice_texts(value["choices"], "delta")
        elif value["type"] == "response.output_text.delta":
            yield "content", value["delta"]
        elif value["type"] == "response.output_item.done" and value["item"]["type"] == "reasoning":
            yield from (
                ("reasoning", part["text"]) for part in value["item"]["content"]
            )  # some servers send no deltas of reasoning
        elif value["type"] == "content_block_delta":
            yield "content", value["delta"].get("text", "")


def _choice_texts(choices: list[Any], key: str) -> Iterator[tuple[str, str | None]]:
    for choice in choices:
        if "text" in choice:
            yield "content", choice["text"]
            continue
        message = choice.get(key) or {}
        yield "reasoning", message.get("reasoning") or message.get("reasoning_content")
        yield "content", message.get("content")
