"""Answers of a reasoning model that calls tools, in the form of each endpoint, whole and streamed.

A script is a list of answers, and an answer a list of pieces in the order in which the model writes them, so that
reasoning, text and tool calls alternate freely. ``fake_answers`` covers the simple answers of one text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.support.fake_answers import JSON, SSE

Kind = Literal["reasoning", "content", "call", "arguments"]
Piece = tuple[Kind, str]
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


@dataclass(frozen=True)
class ScriptedAnswer:
    """The pieces of an answer; a piece of kind ``call`` is the name of a tool, whose arguments follow.

    ``name`` is unique within a conversation, because the identities of the tool calls are made of it.
    ``finishes_with_text``: the last piece of a chat stream carries the reason for the end.
    """

    name: str
    pieces: Sequence[Piece]
    finish: str = "stop"
    finishes_with_text: bool = False

    @property
    def calls(self) -> int:
        """The number of tool calls."""
        return sum(kind == "call" for kind, _ in self.pieces)


@dataclass
class Block:
    """Consecutive pieces of one channel, or one tool call with the pieces of its arguments."""

    kind: Kind
    number: int
    pieces: list[str]
    name: str = ""

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def group_pieces(pieces: Iterable[Piece]) -> list[Block]:
    """Return the blocks of an answer in order."""
    blocks: list[Block] = []
    for kind, text in pieces:
        if kind == "call":
            blocks.append(Block("call", len(blocks), [], name=text))
        elif kind == "arguments" or (blocks and blocks[-1].kind == kind):
            blocks[-1].pieces.append(text)
        else:
            blocks.append(Block(kind, len(blocks), [text]))
    return blocks


def build_response(
    endpoint: str, body: dict[str, Any], answer: ScriptedAnswer
) -> tuple[int, dict[str, str], list[bytes]]:
    """Return the status, the headers and the pieces of a response for a request."""
    events = {"chat": _chat_chunks, "responses": _response_events, "messages": _message_events}[endpoint]
    if body.get("stream"):
        end = ["data: [DONE]\n\n"] if endpoint == "chat" else []
        return 200, SSE, [event.encode() for event in [*map(_encode_event, events(body, answer)), *end]]
    whole = {"chat": _chat_answer, "responses": _whole_response, "messages": _whole_message}[endpoint](body, answer)
    return 200, JSON, [json.dumps(whole).encode()]


def _encode_event(event: dict[str, Any]) -> str:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


def _identify(answer: ScriptedAnswer, block: Block) -> str:
    return f"call_{answer.name}_{block.number}"


# -- chat


def _chat_head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": body["model"]}


def _finish_reason(answer: ScriptedAnswer) -> str:
    return "tool_calls" if answer.calls else answer.finish


def _join(blocks: list[Block], kind: Kind) -> str | None:
    texts = [block.text for block in blocks if block.kind == kind]
    return "".join(texts) if texts else None


def _chat_answer(body: dict[str, Any], answer: ScriptedAnswer) -> dict[str, Any]:
    blocks = group_pieces(answer.pieces)
    calls = [
        {"id": _identify(answer, block), "type": "function", "function": {"name": block.name, "arguments": block.text}}
        for block in blocks
        if block.kind == "call"
    ]
    message = {
        "role": "assistant",
        "content": _join(blocks, "content"),
        "reasoning": _join(blocks, "reasoning"),
        "tool_calls": calls,
    }
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(answer), "logprobs": None}
    return {**_chat_head(body, "chat.completion"), "choices": [choice], "usage": USAGE}


def _chat_chunks(body: dict[str, Any], answer: ScriptedAnswer) -> Iterator[dict[str, Any]]:
    head = _chat_head(body, "chat.completion.chunk")
    deltas = [{"role": "assistant", "content": ""}, *_chat_deltas(answer)]
    finishes: list[str | None] = [None] * len(deltas)
    if answer.finishes_with_text:
        finishes[-1] = _finish_reason(answer)
    else:
        deltas.append({})
        finishes.append(_finish_reason(answer))
    for delta, finish in zip(deltas, finishes, strict=True):
        yield {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": USAGE}


def _chat_deltas(answer: ScriptedAnswer) -> Iterator[dict[str, Any]]:
    index = -1
    for block in group_pieces(answer.pieces):
        if block.kind != "call":
            for piece in block.pieces:
                yield {block.kind: piece}
            continue
        index += 1
        function = {"name": block.name, "arguments": ""}
        yield {
            "tool_calls": [{"index": index, "id": _identify(answer, block), "type": "function", "function": function}]
        }
        for piece in block.pieces:
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


# -- Responses

_RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1, "parallel_tool_calls": True, "tool_choice": "auto",
    "tools": [], "temperature": 1, "top_p": 1, "error": None, "incomplete_details": None, "instructions": None,
    "metadata": None, "truncation": "disabled", "max_output_tokens": None, "previous_response_id": None, "user": None,
}  # fmt: skip
_RESPONSE_USAGE = {
    "input_tokens": 7, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 12,
}  # fmt: skip
_PARTS = {"reasoning": ("reasoning_text", "reasoning_part"), "content": ("output_text", "content_part")}


def _response_item(answer: ScriptedAnswer, block: Block) -> dict[str, Any]:
    """Return the finished item of a block."""
    if block.kind == "call":
        call = {"call_id": _identify(answer, block), "name": block.name, "arguments": block.text}
        return {"type": "function_call", "id": f"fc_{_identify(answer, block)}", "status": "completed", **call}
    part: dict[str, Any] = {"type": _PARTS[block.kind][0], "text": block.text}
    if block.kind == "reasoning":
        identity = f"rs_{_identify(answer, block)}"
        return {"type": "reasoning", "id": identity, "summary": [], "content": [part], "status": "completed"}
    part["annotations"] = []
    item = {"type": "message", "id": f"msg_{_identify(answer, block)}", "role": "assistant", "content": [part]}
    return {**item, "status": "completed"}


def _whole_response(body: dict[str, Any], answer: ScriptedAnswer) -> dict[str, Any]:
    output = [_response_item(answer, block) for block in group_pieces(answer.pieces)]
    end: dict[str, Any] = {"status": "completed"}
    if answer.finish == "length":
        end = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    return {**_RESPONSE, "model": body["model"], "output": output, "usage": _RESPONSE_USAGE, **end}


def _response_events(body: dict[str, Any], answer: ScriptedAnswer) -> Iterator[dict[str, Any]]:
    whole = _whole_response(body, answer)
    started = {**whole, "output": [], "status": "in_progress", "usage": None, "incomplete_details": None}
    events = [{"type": "response.created", "response": started}, {"type": "response.in_progress", "response": started}]
    for block in group_pieces(answer.pieces):
        events += _item_events(_response_item(answer, block), block)
    events.append({"type": f"response.{whole['status']}", "response": whole})
    yield from ({**event, "sequence_number": number} for number, event in enumerate(events))


def _item_events(item: dict[str, Any], block: Block) -> Iterator[dict[str, Any]]:
    empty: dict[str, Any] = {"arguments": ""} if block.kind == "call" else {"content": []}
    place: dict[str, Any] = {"output_index": block.number}
    yield {"type": "response.output_item.added", **place, "item": {**item, **empty, "status": "in_progress"}}
    place["item_id"] = item["id"]
    if block.kind == "call":
        kind, done = "function_call_arguments", {"arguments": block.text}
        parts: list[dict[str, Any]] = []
    else:
        kind, part_kind = _PARTS[block.kind]
        [part] = item["content"]
        place["content_index"] = 0
        yield {"type": f"response.{part_kind}.added", **place, "part": {**part, "text": ""}}
        done = {"text": block.text}
        parts = [{"type": f"response.{part_kind}.done", **place, "part": part}]
    extra: dict[str, Any] = {"logprobs": []} if block.kind == "content" else {}
    yield from ({"type": f"response.{kind}.delta", **place, **extra, "delta": piece} for piece in block.pieces)
    yield {"type": f"response.{kind}.done", **place, **extra, **done}
    yield from parts
    yield {"type": "response.output_item.done", "output_index": block.number, "item": item}


# -- Messages

_STOP_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
_MESSAGE_USAGE = {"input_tokens": 7, "output_tokens": 5}


def _message(body: dict[str, Any], answer: ScriptedAnswer, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.name}",  # Claude Code joins messages of one identity
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "stop_sequence": None,
        **fields,
    }


def _message_block(answer: ScriptedAnswer, block: Block, *, empty: bool = False) -> dict[str, Any]:
    text = "" if empty else block.text
    if block.kind == "call":
        arguments = {} if empty else json.loads(text)
        return {"type": "tool_use", "id": _identify(answer, block), "name": block.name, "input": arguments}
    if block.kind == "reasoning":
        return {"type": "thinking", "thinking": text, "signature": "" if empty else "signed"}
    return {"type": "text", "text": text}


def _whole_message(body: dict[str, Any], answer: ScriptedAnswer) -> dict[str, Any]:
    content = [_message_block(answer, block) for block in group_pieces(answer.pieces)]
    return _message(
        body, answer, content=content, stop_reason=_STOP_REASONS[_finish_reason(answer)], usage=_MESSAGE_USAGE
    )


def _message_events(body: dict[str, Any], answer: ScriptedAnswer) -> Iterator[dict[str, Any]]:
    usage = {"input_tokens": 7, "output_tokens": 0}
    yield {"type": "message_start", "message": _message(body, answer, content=[], stop_reason=None, usage=usage)}
    keys = {
        "call": ("input_json_delta", "partial_json"),
        "reasoning": ("thinking_delta", "thinking"),
        "content": ("text_delta", "text"),
    }
    for block in group_pieces(answer.pieces):
        yield {
            "type": "content_block_start",
            "index": block.number,
            "content_block": _message_block(answer, block, empty=True),
        }
        kind, key = keys[block.kind]
        deltas = [{"type": kind, key: piece} for piece in block.pieces]
        if block.kind == "reasoning":
            deltas.append({"type": "signature_delta", "signature": "signed"})
        for delta in deltas:
            yield {"type": "content_block_delta", "index": block.number, "delta": delta}
        yield {"type": "content_block_stop", "index": block.number}
    end = {"stop_reason": _STOP_REASONS[_finish_reason(answer)], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}
