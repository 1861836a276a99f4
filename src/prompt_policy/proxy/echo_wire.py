"""The echo backend's answers as bodies and chunks, in the shapes that vLLM gives them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Final

from prompt_policy.proxy.echo_answer import Answer, answer_text, answer_to_chat, pieces, words
from prompt_policy.wire.values import Json, JsonObject

_MOST_CHOICES: Final = 128


class Chat:
    """A chat completion. ``body`` is the request, as received."""

    object, object_of_chunk, asked = "chat.completion", "chat.completion.chunk", "messages"

    def __init__(self, body: JsonObject, *, reasoning_parser: bool) -> None:
        self.answer = answer_to_chat(body, reasoning_parser=reasoning_parser)

    def choice(self) -> JsonObject:
        """Return what a choice of a whole answer holds."""
        return {"message": {"role": "assistant", **self.answer._asdict(), "tool_calls": []}}

    def deltas(self, index: int) -> Iterator[JsonObject]:
        """Yield what a choice of each chunk holds."""
        yield {"delta": {"role": "assistant", "content": ""}}
        for channel, text in self.answer._asdict().items():
            for piece in pieces(text or "", index):
                yield {"delta": {channel: piece}}


class Text:
    """A text completion, which knows nothing of thoughts."""

    object, object_of_chunk, asked = "text_completion", "text_completion", "prompt"

    def __init__(self, body: JsonObject) -> None:
        self.answer = Answer(None, answer_text(body))

    def choice(self) -> JsonObject:
        """Return what a choice of a whole answer holds."""
        return {"text": self.answer.content}

    def deltas(self, index: int) -> Iterator[JsonObject]:
        """Yield what a choice of each chunk holds."""
        for piece in pieces(self.answer.content, index):
            yield {"text": piece}


Shape = Chat | Text


def whole(body: JsonObject, shape: Shape) -> JsonObject:
    """Return a whole answer, with as many choices as were asked for."""
    indices = range(_choices(body))
    choices = [{"index": i, **shape.choice(), "logprobs": None, "finish_reason": "stop"} for i in indices]
    return {**_head(body, shape.object), "choices": choices, "usage": _usage(body, shape)}


def chunks(body: JsonObject, shape: Shape) -> Iterator[JsonObject]:
    """Yield a streamed answer: choices take turns, and the last piece of each comes with its ``finish_reason``."""
    head = _head(body, shape.object_of_chunk)
    turns = zip_longest(*(_finished(shape, index) for index in range(_choices(body))))
    for choice in chain.from_iterable(turns):
        if choice is not None:
            yield {**head, "choices": [choice]}
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage") is True:
        yield {**head, "choices": [], "usage": _usage(body, shape)}


def _finished(shape: Shape, index: int) -> Iterator[JsonObject]:
    deltas = list(shape.deltas(index))
    for delta in deltas:
        yield {"index": index, **delta, "finish_reason": "stop" if delta is deltas[-1] else None}


def _head(body: JsonObject, kind: str) -> JsonObject:
    return {"id": f"echo-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": body.get("model")}


def _usage(body: JsonObject, shape: Shape) -> dict[str, Json]:
    """Count words, for want of a tokenizer."""
    prompt = words(body.get(shape.asked))
    completion = _choices(body) * (words(shape.answer.reasoning) + words(shape.answer.content))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _choices(body: JsonObject) -> int:
    n = body.get("n")
    return n if isinstance(n, int) and 1 <= n <= _MOST_CHOICES else 1
