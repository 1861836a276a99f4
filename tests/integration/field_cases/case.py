"""Failures that users reported, as requests, answers and what the client must read; and relatives of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import yaml

from prompt_policy import PolicySet, load_paths
from tests.integration.field_cases.reading import Reading

HERE = Path(__file__).parent
POLICIES: Final = PolicySet((*load_paths([HERE / "policies"]).policies, *load_paths([]).policies))
_CHOICE_KEYS: Final = {"finish_reason", "token_ids"}
_CALL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}


@dataclass(frozen=True)
class FieldCase:
    """A request, the chunks of its answer, and what the client must read.

    The items of ``stream`` are deltas; ``finish_reason`` and ``token_ids`` are the choice's, ``usage`` the chunk's, as
    are the values in ``choice`` and ``chunk``. ``reads`` and ``extras`` make a ``Reading``. ``litellm`` and
    ``litellm_whole`` replace one or both where LiteLLM itself changes the answer; ``litellm_second`` is what arrives of
    a second choice, whose end LiteLLM drops. ``sends`` are parameters that the server receives; null: none of that
    name. ``max_model_len`` is the context length that the host knows.
    """

    name: str
    stream: list[dict[str, Any]]
    reads: list[list[Any]]
    model: str = "some-model"
    policy: str | None = None
    request: dict[str, Any] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=lambda: [{"role": "user", "content": "Reply."}])
    tools: bool = False
    extras: dict[str, Any] = field(default_factory=dict)
    whole: bool = True
    litellm_model: str = ""
    litellm_params: dict[str, Any] = field(default_factory=dict)
    litellm: dict[str, Any] = field(default_factory=dict)
    litellm_whole: dict[str, Any] = field(default_factory=dict)
    litellm_second: list[list[Any]] | None = None
    sends_roles: list[str] | None = None
    sends_reasoning: list[str] | None = None
    sends: dict[str, Any] = field(default_factory=dict)
    max_model_len: int | None = None
    form: str = "as sent"

    @property
    def key(self) -> str:
        """A name that can be a part of a path."""
        return "".join(char if char.isalnum() else "-" for char in f"{self.name}-{self.form}")

    @property
    def is_whole(self) -> bool:
        """Whether the answer is not streamed."""
        return self.form == "whole"

    def build_request(self) -> dict[str, Any]:
        """Return the body of the request."""
        body: dict[str, Any] = {"model": self.model, "messages": self.messages, "stream": not self.is_whole}
        if self.tools:
            body["tools"] = [_CALL]
        if self.form == "two choices":
            body["n"] = 2
        if not self.is_whole and any("usage" in item for item in self.stream):
            body["stream_options"] = {"include_usage": True}
        return body | self.request

    def build_answer(self) -> list[bytes]:
        """Return the pieces of the server's answer."""
        if self.is_whole:
            return [json.dumps(_join_stream(self.stream)).encode()]
        items = [*map(self._shape, self.stream)]
        if self.form == "two choices":
            items = [*chain.from_iterable((item, {**item, "index": 1}) for item in items if "usage" not in item)] + [
                item for item in items if "usage" in item
            ]
        end = "\r\n" if self.form == "CRLF, cut anywhere" else "\n"
        events = [f"data: {json.dumps(_build_chunk(item))}{end}{end}" for item in items]
        data = [event.encode() for event in (*events, f"data: [DONE]{end}{end}")]
        if self.form != "CRLF, cut anywhere":
            return data
        joined = b"".join(data)
        return [joined[at : at + 13] for at in range(0, len(joined), 13)]

    def expect(self, host: str) -> list[Reading]:
        """Return what the client of a host must read, for each choice."""
        changes = (self.litellm | self.litellm_whole if self.is_whole else self.litellm) if host == "litellm" else {}
        reading = _build_reading(changes.get("reads", self.reads), changes.get("extras", self.extras))
        if self.is_whole:
            return [reading.group()]
        if self.form != "two choices":
            return [reading]
        return [reading, _build_reading(self.litellm_second or [], {}) if host == "litellm" else reading]

    def _shape(self, item: dict[str, Any]) -> dict[str, Any]:
        text = next((item[key] for key in ("reasoning", "reasoning_content") if key in item), None)
        if self.form not in ("both keys", "older key") or text is None:
            return item
        others = {key: value for key, value in item.items() if key not in ("reasoning", "reasoning_content")}
        both = {"reasoning": text, "reasoning_content": text}
        return {**others, **(both if self.form == "both keys" else {"reasoning_content": text})}

    def list_forms(self, *forms: str) -> Iterator[FieldCase]:
        """Yield the case in each form that applies to it."""
        has_reasoning = any(isinstance(item.get("reasoning"), str) for item in self.stream)
        for form in forms:
            applies = {
                "whole": self.whole,
                "both keys": has_reasoning,
                "older key": has_reasoning,
                "two choices": not any("choices" in item for item in self.stream),
            }
            if applies.get(form, True):
                yield replace(self, form=form)


def _build_reading(events: list[list[Any]], extras: dict[str, Any]) -> Reading:
    return Reading([(kind, value) for kind, value in events], extras)


def _build_chunk(item: dict[str, Any]) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    usage = {"usage": _build_usage(item["usage"])} if "usage" in item else {}
    if "usage" in item and "choices" not in item:
        return {**head, "choices": [], **usage}
    return {**head, "choices": [_build_choice(item)], **item.get("chunk", {}), **usage}


def _build_choice(item: dict[str, Any]) -> dict[str, Any]:
    apart = {*_CHOICE_KEYS, "usage", "choices", "index", "chunk", "choice"}
    delta = {key: value for key, value in item.items() if key not in apart}
    fields = {key: item[key] for key in _CHOICE_KEYS if key in item}
    defaults = {"index": item.get("index", 0), "delta": delta, "logprobs": None, "finish_reason": None}
    return {**defaults, **fields, **item.get("choice", {})}


def _build_usage(total: int) -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": total, "total_tokens": total}


def _join_stream(stream: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole answer with the same content as a stream."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    answer: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"}
    for item in stream:
        built = _build_choice(item)
        for key, value in built.pop("delta").items():
            message[key] = _join_values(key, message.get(key), value)
        for key in _CHOICE_KEYS & built.keys() if built["finish_reason"] or "token_ids" in built else ():
            choice[key] = _join_values(key, choice.get(key), built[key]) if key == "token_ids" else built[key]
        choice |= item.get("choice", {})
        answer |= item.get("chunk", {})
        if "usage" in item:
            answer["usage"] = _build_usage(item["usage"])
    return {**answer, "choices": [choice]}


def _join_values(key: str, old: Any, new: Any) -> Any:
    if old is None or key == "role":
        return new
    if key == "tool_calls":
        calls = {call["index"]: call for call in old}
        for call in new:
            if (before := calls.get(call["index"])) is not None:
                joined = before["function"]["arguments"] + call["function"]["arguments"]
                calls[call["index"]] = {**before, "function": {**before["function"], "arguments": joined}}
            else:
                calls[call["index"]] = call
        return [*calls.values()]
    return old if new is None else old + new


def load_cases() -> dict[str, list[FieldCase]]:
    """Return the cases of each file, by its name."""
    files = sorted((HERE / "cases").glob("*.yaml"))
    return {file.stem: [FieldCase(**values) for values in yaml.safe_load(file.read_text())] for file in files}
