"""The echo server's responses and chunks, in the shape of vLLM's."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Final

from prompt_policy.proxy.echo.answer import (
    EchoAnswer,
    build_answer_text,
    build_chat_answer,
    count_words,
    split_into_pieces,
)
from prompt_policy.wire.values import Json, JsonObject

_MAX_CHOICES: Final = 128


class EchoChat:
    """A chat completion. ``body`` is the request, as received."""

    object, chunk_object, prompt_field = "chat.completion", "chat.completion.chunk", "messages"

    def __init__(self, body: JsonObject, *, reasoning_parser: bool) -> None:
        self.answer = build_chat_answer(body, reasoning_parser=reasoning_parser)

    def choice(self) -> JsonObject:
        """Return the content of a choice in a whole response."""
        return {"message": {"role": "assistant", **self.answer._asdict(), "tool_calls": []}}

    def deltas(self, index: int) -> Iterator[JsonObject]:
        """Yield the content of a choice in each chunk."""
        yield {"delta": {"role": "assistant", "content": ""}}
        for channel, text in self.answer._asdict().items():
            for piece in split_into_pieces(text or "", index):
                yield {"delta": {channel: piece}}


class EchoText:
    """A text completion, which has no reasoning. ``body`` is the request, as received."""

    object, chunk_object, prompt_field = "text_completion", "text_completion", "prompt"

    def __init__(self, body: JsonObject) -> None:
        self.answer = EchoAnswer(None, build_answer_text(body))

    def choice(self) -> JsonObject:
        """Return the content of a choice in a whole response."""
        return {"text": self.answer.content}

    def deltas(self, index: int) -> Iterator[JsonObject]:
        """Yield the content of a choice in each chunk."""
        for piece in split_into_pieces(self.answer.content, index):
            yield {"text": piece}


EchoCompletion = EchoChat | EchoText


def build_response(body: JsonObject, completion: EchoCompletion) -> JsonObject:
    """Return a whole response, with as many choices as the request's ``n``."""
    indices = range(_count_choices(body))
    choices = [{"index": i, **completion.choice(), "logprobs": None, "finish_reason": "stop"} for i in indices]
    return {**_build_header(body, completion.object), "choices": choices, "usage": _count_usage(body, completion)}


def build_chunks(body: JsonObject, completion: EchoCompletion) -> Iterator[JsonObject]:
    """Yield a streamed response. The choices are interleaved; the last piece of each has its ``finish_reason``."""
    header = _build_header(body, completion.chunk_object)
    interleaved = zip_longest(*(_build_choice_chunks(completion, index) for index in range(_count_choices(body))))
    for choice in chain.from_iterable(interleaved):
        if choice is not None:
            yield {**header, "choices": [choice]}
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage") is True:
        yield {**header, "choices": [], "usage": _count_usage(body, completion)}


def _build_choice_chunks(completion: EchoCompletion, index: int) -> Iterator[JsonObject]:
    deltas = list(completion.deltas(index))
    for delta in deltas:
        yield {"index": index, **delta, "finish_reason": "stop" if delta is deltas[-1] else None}


def _build_header(body: JsonObject, kind: str) -> JsonObject:
    return {"id": f"echo-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": body.get("model")}


def _count_usage(body: JsonObject, completion: EchoCompletion) -> dict[str, Json]:
    """Return the usage with words counted as tokens, because there is no tokenizer."""
    answer = completion.answer
    prompt_tokens = count_words(body.get(completion.prompt_field))
    completion_tokens = _count_choices(body) * (count_words(answer.reasoning) + count_words(answer.content))
    total = prompt_tokens + completion_tokens
    return {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, "total_tokens": total}


def _count_choices(body: JsonObject) -> int:
    n = body.get("n")
    return n if isinstance(n, int) and 1 <= n <= _MAX_CHOICES else 1
