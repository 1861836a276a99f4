"""Convert Messages and Responses requests to chat, as vLLM does before it renders the chat template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Message = dict[str, Any]


def convert_to_chat(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chat request that an engine makes of a request. Only what a template reads is converted."""
    if endpoint == "chat":
        return dict(body)
    convert = {"messages": _convert_messages, "responses": _convert_items}[endpoint]
    tools = [_convert_tool(tool) for tool in body.get("tools") or () if tool.get("name")]
    kept = {name: body[name] for name in ("model", "chat_template_kwargs") if name in body}
    return {**kept, "messages": list(convert(body)), "tools": tools}


def _convert_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("input_schema") or tool.get("parameters") or {"type": "object", "properties": {}}
    function = {"name": tool["name"], "description": tool.get("description", ""), "parameters": schema}
    return {"type": "function", "function": function}


def _join_texts(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())


# -- Messages


def _convert_messages(body: Mapping[str, Any]) -> Iterator[Message]:
    if body.get("system"):
        yield {"role": "system", "content": _join_texts(body["system"])}
    for turn in body["messages"]:
        if isinstance(turn["content"], str) or turn["role"] == "system":
            yield {"role": turn["role"], "content": _join_texts(turn["content"])}
        else:
            yield from _convert_blocks(turn["role"], turn["content"])


def _convert_blocks(role: str, blocks: list[dict[str, Any]]) -> Iterator[Message]:
    """Yield the results of tools, and then the rest of a turn, if there is any."""
    for block in blocks:
        if block["type"] == "tool_result":
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _join_texts(block["content"])}
    texts = [{"type": "text", "text": block["text"]} for block in blocks if block["type"] == "text"]
    reasoning = "".join(block["thinking"] for block in blocks if block["type"] == "thinking")
    calls = [
        _build_call(block["id"], block["name"], json.dumps(block["input"]))
        for block in blocks
        if block["type"] == "tool_use"
    ]
    if texts or reasoning or calls:
        yield _build_message(role, texts or None, reasoning, calls)


# -- Responses


def _convert_items(body: Mapping[str, Any]) -> Iterator[Message]:
    """Yield the messages; reasoning, text and calls that follow each other become one."""
    if body.get("instructions"):
        yield {"role": "system", "content": body["instructions"]}
    items = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
    answer: Message | None = None
    for item in items:
        if item.get("type") in ("reasoning", "function_call") or item.get("role") == "assistant":
            answer = answer or _build_message("assistant", None, "", [])
            _add_item(answer, item)
            continue
        if answer is not None:
            yield answer
            answer = None
        if item.get("type") == "function_call_output":
            yield {"role": "tool", "tool_call_id": item["call_id"], "content": _join_texts(item["output"])}
        else:
            yield {"role": item["role"], "content": _join_texts(item["content"])}
    if answer is not None:
        yield answer


def _add_item(answer: Message, item: Mapping[str, Any]) -> None:
    if item.get("type") == "reasoning":
        answer["reasoning"] = answer.get("reasoning", "") + _join_texts(item.get("content") or item["summary"])
    elif item.get("type") == "function_call":
        answer.setdefault("tool_calls", []).append(_build_call(item["call_id"], item["name"], item["arguments"]))
    else:
        answer["content"] = (answer["content"] or "") + _join_texts(item["content"])


def _build_call(identity: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def _build_message(role: str, content: Any, reasoning: str, calls: list[dict[str, Any]]) -> Message:
    message: Message = {"role": role, "content": content}
    return message | ({"reasoning": reasoning} if reasoning else {}) | ({"tool_calls": calls} if calls else {})
