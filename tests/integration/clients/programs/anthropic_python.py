"""anthropic-python against Messages: ``create`` and ``stream``, with a loop of tool calls."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import anthropic

from tests.integration.clients.programs.common import DESCRIPTION, SCHEMA, TOOL, Event, dump, run_cases

BLOCK_EVENTS = (
    "content_block_start", "content_block_delta", "content_block_stop", "text", "thinking", "signature", "input_json",
)  # fmt: skip


@functools.cache
def build_client(url: str, key: str) -> anthropic.Anthropic:
    """Return the client of all cases."""
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)


def run_case(settings: dict[str, Any], case: dict[str, Any]) -> Iterator[Event]:
    """Hold one conversation."""
    messages: list[Any] = [{"role": "user", "content": case["prompt"]}]
    tools: list[Any] = [{"name": TOOL, "description": DESCRIPTION, "input_schema": SCHEMA}]
    client, answer = build_client(settings["url"], settings["key"]), None
    while answer is None or answer.stop_reason == "tool_use":
        request: Any = {"model": case["model"], "max_tokens": 99, "system": case["system"]}
        request["extra_body"] = case["sampling"]
        request |= {"messages": messages} | ({"tools": tools} if case["tools"] else {})
        if case["stream"]:
            with client.messages.stream(**request) as stream:
                yield from _describe_all(len(messages), stream)
                answer = stream.get_final_message()
        else:
            answer = client.messages.create(**request)
        yield {"type": "answer", **dump(answer)}
        messages.append({"role": "assistant", "content": answer.content})
        calls = [block for block in answer.content if block.type == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": settings["result"]} for call in calls]
        messages.append({"role": "user", "content": results})


def _describe_all(turn: int, stream: Iterable[Any]) -> Iterator[Event]:
    block = ""
    for event in stream:
        fields = {name: value for name, value in dump(event).items() if "snapshot" not in name}
        index = fields.get("index")
        if index is not None:
            block = f"{turn}.{index}"
        if event.type == "text":
            fields["delta"] = fields.pop("text")
        elif event.type == "content_block_delta":
            fields |= _describe_delta(fields.pop("delta"))
        elif "delta" in fields:
            fields["change"] = fields.pop("delta")
        yield {**fields, "block": block} if event.type in BLOCK_EVENTS else fields


def _describe_delta(delta: dict[str, Any]) -> Event:
    return {"delta": delta["text"]} if delta["type"] == "text_delta" else {"change": delta}


if __name__ == "__main__":
    run_cases(run_case)
