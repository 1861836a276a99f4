"""Answers of each endpoint as JSON values: whole ones, and the events of streamed ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from tests.properties.differential.case import Endpoint
from tests.properties.differential.generate.texts import build_answer_text, build_text, cut

Value = dict[str, Any]
_USAGE: Final = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
_HEAD: Final = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}


def build_whole(rng: random.Random, endpoint: Endpoint) -> Value:
    """Return a whole answer of an endpoint."""
    if endpoint == "responses":
        return {"id": "resp_1", "object": "response", "created_at": 1700000000, "model": "m", "status": "completed",
                "output": _items(rng), "parallel_tool_calls": True, "tools": [], "tool_choice": "auto"}  # fmt: skip
    if endpoint == "messages":
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": _blocks(rng),
                "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 5}}  # fmt: skip
    build = _message_choice if endpoint == "chat" else _text_choice
    choices = [build(rng, number) for number in range(rng.choice((1, 1, 1, 2, 3)))]
    kind = "chat.completion" if endpoint == "chat" else "text_completion"
    return {**_HEAD, "object": kind, "choices": choices, "usage": _USAGE}


def _text_choice(rng: random.Random, number: int) -> Value:
    return {"index": number, "text": build_answer_text(rng), "logprobs": None, "finish_reason": "stop"}


def _message_choice(rng: random.Random, number: int) -> Value:
    content = rng.choice((build_answer_text(rng),) * 8 + (None, ""))
    message: Value = {"role": "assistant", "content": content}
    if rng.random() < 0.4:
        message[rng.choice(("reasoning", "reasoning_content"))] = rng.choice((build_text(rng), None))
    if rng.random() < 0.2:
        message["tool_calls"] = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "\n{}"}}]
    if rng.random() < 0.1:
        message["refusal"] = None
    return {"index": number, "message": message, "logprobs": None, "finish_reason": "stop"}


def _items(rng: random.Random) -> list[Value]:
    """Return the output of a response."""
    items: list[Value] = []
    if rng.random() < 0.5:
        items.append({"type": "reasoning", "id": "rs_1", "summary": _parts(rng, "summary_text", 0),
                      "content": _parts(rng, "reasoning_text", 1)})  # fmt: skip
    message: Value = {"type": "message", "role": "assistant", "status": "completed"}
    numbers = range(rng.choice((1, 1, 1, 2)))
    items += [{**message, "id": f"msg_{number}", "content": _parts(rng, "output_text", 1)} for number in numbers]
    if rng.random() < 0.2:
        items.append({"type": "function_call", "id": "fc_1", "call_id": "1", "name": "f", "arguments": "\n{}"})
    return items


def _parts(rng: random.Random, kind: str, least: int) -> list[Value]:
    extra: Value = {"annotations": []} if kind == "output_text" else {}
    return [{"type": kind, "text": build_answer_text(rng), **extra} for _ in range(rng.randint(least, 2))]


def _blocks(rng: random.Random) -> list[Value]:
    blocks: list[Value] = []
    if rng.random() < 0.5:
        blocks.append({"type": "thinking", "thinking": build_text(rng), "signature": "s"})
    blocks += [{"type": "text", "text": build_answer_text(rng)} for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.2:
        blocks.append({"type": "tool_use", "id": "1", "name": "f", "input": {}})
    return blocks


def build_events(rng: random.Random, endpoint: Endpoint) -> list[Value]:
    """Return the events of a streamed answer of an endpoint."""
    if endpoint == "messages":
        return [*_message_events(rng)]
    if endpoint == "responses":
        return [{**event, "sequence_number": number} for number, event in enumerate(_response_events(rng))]
    if endpoint == "completions":
        pieces = [(number, piece) for number in range(rng.choice((1, 2))) for piece in cut(rng, build_answer_text(rng))]
        return [{**_HEAD, "choices": [{"index": number, "text": piece}]} for number, piece in pieces]
    return _chat_events(rng)


def _chat_events(rng: random.Random) -> list[Value]:
    """Return chunks of one or several choices, whose order in the stream is mixed."""
    usage = {"usage": None} if rng.random() < 0.2 else {}
    waiting = [[*_deltas(rng)] for _ in range(rng.choice((1, 1, 1, 1, 2, 3)))]
    chunks: list[Value] = []
    while any(waiting):
        number = rng.choice([each for each, deltas in enumerate(waiting) if deltas])
        delta, reason = waiting[number].pop(0)
        choice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunks.append({**_HEAD, "choices": [choice], **usage})
        if rng.random() < 0.02:
            chunks.append({**_HEAD, "choices": []})
        if len(chunks) > 1 and rng.random() < 0.02 and chunks[-2]["choices"]:  # two choices in one chunk
            chunks[-2]["choices"] += chunks.pop()["choices"]
    return [*chunks, {**_HEAD, "choices": [], "usage": _USAGE}] if rng.random() < 0.4 else chunks


def _deltas(rng: random.Random) -> Iterator[tuple[Value, str | None]]:
    """Yield the deltas of a choice, each with its finish reason."""
    first: Value = {"role": "assistant"}
    yield first | rng.choice(({"content": ""}, {}, {"content": None}, {"content": "Hi"})), None
    if rng.random() < 0.4:
        key = rng.choice(("reasoning", "reasoning_content"))
        yield from (({key: piece}, None) for piece in cut(rng, build_text(rng)))
    beside = rng.choice(({}, {}, first, {"reasoning_content": None}, {"tool_calls": None}))
    for piece in cut(rng, build_answer_text(rng)):
        yield {**beside, "content": piece}, None
        if rng.random() < 0.01:
            yield {"reasoning": build_text(rng), "content": build_text(rng)}, None
    if rng.random() < 0.2:
        call = {"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}
        yield {"tool_calls": [call]} | rng.choice(({}, {"content": "\n"})), None
        yield {"tool_calls": [{"index": 0, "function": {"arguments": "\n{}"}}]}, None
    last = rng.choice(({}, {}, {"content": ""}, {"content": build_text(rng)}))
    yield last, rng.choice(("stop", "length", "tool_calls"))


def _response_events(rng: random.Random) -> Iterator[Value]:
    items = _items(rng)
    yield {"type": "response.created", "response": {"id": "resp_1", "output": []}}
    for place, item in enumerate(items):
        at = {"item_id": item["id"], "output_index": place}
        yield {"type": "response.output_item.added", "output_index": place, "item": {**item, "content": []}}
        for listed, index in (("summary", "summary_index"), ("content", "content_index")):
            for number, part in enumerate(item.get(listed) or ()):
                yield from _part_events({**at, index: number}, part, rng)
        yield {"type": "response.output_item.done", "output_index": place, "item": item}
    yield {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": items}}


def _part_events(at: Value, part: Value, rng: random.Random) -> Iterator[Value]:
    names = {"output_text": ("output_text", "content_part"), "reasoning_text": ("reasoning_text", "reasoning_part"),
             "summary_text": ("reasoning_summary_text", "reasoning_summary_part")}  # fmt: skip
    text, added = names[part["type"]]
    yield {"type": f"response.{added}.added", **at, "part": {**part, "text": ""}}
    yield from ({"type": f"response.{text}.delta", **at, "delta": piece} for piece in cut(rng, part["text"]))
    yield {"type": f"response.{text}.done", **at, "text": part["text"]}
    yield {"type": f"response.{added}.done", **at, "part": part}


def _message_events(rng: random.Random) -> Iterator[Value]:
    yield {"type": "message_start", "message": {"id": "msg_1", "content": []}}
    for number, block in enumerate(_blocks(rng)):
        key = block["type"] if block["type"] in ("thinking", "text") else None
        yield {"type": "content_block_start", "index": number, "content_block": {**block, **({key: ""} if key else {})}}
        for piece in cut(rng, block[key]) if key else ():
            yield {"type": "content_block_delta", "index": number, "delta": {"type": f"{key}_delta", key: piece}}
        if rng.random() < 0.1:
            yield {"type": "ping"}
        yield {"type": "content_block_stop", "index": number}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}
