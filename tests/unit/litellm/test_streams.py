"""Tests of answers in other forms: objects for Responses, mappings and bytes for Messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from litellm.types.llms.openai import GenericEvent, OutputTextDeltaEvent, ResponsesAPIResponse
from litellm.types.utils import Choices, Message, ModelResponse
from pydantic import BaseModel, Field

from prompt_policy import InternalError
from prompt_policy.litellm.errors.proxy import BrokenStreamError
from prompt_policy.litellm.streams import rewrite_litellm_answer, rewrite_stream
from tests.support.policies import apply, chat
from tests.support.response_events import build_response, build_response_events
from tests.unit.litellm.test_answers import build_chunk, join_content, rewrite_by_policy
from tests.unit.runtime.test_response_rewriter import BrokenFilters

TEXT = "\n\n请 Hello\n\n\n\nworld\n"


def build_filters() -> Any:
    return apply({"kind": "filter_whitespace", "max_blank_lines": 1}, chat("Hi")).create_filters()


async def collect_stream(chunks: list[Any], rewriter: Any) -> list[Any]:
    async def stream_items() -> AsyncIterator[Any]:
        for item in chunks:
            yield item

    return [item async for item in rewrite_by_policy(stream_items(), rewriter)]


def test_rewritten_response_keeps_its_class() -> None:
    original = ResponsesAPIResponse.model_validate({"created_at": 1, **build_response("Hm.", TEXT)})

    rewritten = rewrite_litellm_answer(original, build_filters())

    assert type(rewritten) is ResponsesAPIResponse
    assert [answer.model_dump()["output"][1]["content"][0]["text"] for answer in (rewritten, original)] == [
        "请 Hello\n\nworld",
        TEXT,
    ]


def test_rewritten_response_keeps_the_other_items_as_they_are_sent() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "async": True}
    fields = {"created_at": 1, **build_response("Hm.", TEXT)}
    original = ResponsesAPIResponse.model_validate({**fields, "output": [*fields["output"], call]})

    rewritten = rewrite_litellm_answer(original, build_filters())

    [before, after] = [json.loads(answer.model_dump_json(by_alias=True)) for answer in (original, rewritten)]
    assert after["output"][2] == before["output"][2]


def test_unchanged_response_is_the_same_object() -> None:
    original = ResponsesAPIResponse.model_validate({"created_at": 1, **build_response("Hm.", "Hello")})

    assert rewrite_litellm_answer(original, build_filters()) is original


@pytest.mark.parametrize("text", [TEXT, "Hello"])
@pytest.mark.parametrize("output", [{}, {"output": "none"}, {"output": [{"type": []}, 3]}])
def test_response_that_fails_validation_is_rewritten(output: dict[str, Any], text: str) -> None:
    fields = {**build_response("Hm.", text), **output}
    original = ResponsesAPIResponse.model_construct(**fields)

    rewritten = rewrite_litellm_answer(original, build_filters())

    assert original.output is fields["output"]
    if output or text == "Hello":
        assert rewritten is original
    else:
        assert rewritten.output[1]["content"][0]["text"] == "请 Hello\n\nworld"


def test_response_that_cannot_be_dumped_passes_unchanged() -> None:
    original = ResponsesAPIResponse.model_construct(id="r", output=[{"type": [], "id": None}])

    assert rewrite_litellm_answer(original, build_filters()) is original


def test_message_is_rewritten_as_a_mapping() -> None:
    answer = {"content": [{"type": "text", "text": "\nHello"}]}

    assert rewrite_litellm_answer(answer, build_filters()) == {"content": [{"type": "text", "text": "Hello"}]}


def test_chat_answer_is_rewritten() -> None:
    original = ModelResponse(choices=[Choices(message=Message(content="\nHello"))])

    assert rewrite_litellm_answer(original, build_filters()).choices[0].message.content == "Hello"


class Event(BaseModel, extra="allow"):
    """An event of a type for which LiteLLM has no class."""

    type: str


async def test_events_of_a_response_are_rewritten() -> None:
    out = await collect_stream(
        [Event(**event) for event in build_response_events(["Hm."], ["\n", "Hello", "\n"])], build_filters()
    )

    assert "".join(event.delta for event in out if event.type == "response.output_text.delta") == "Hello"
    assert out[-1].response["output"][1]["content"][0]["text"] == "Hello"


class AliasedEvent(BaseModel):
    """An event with a field that is sent under another name, such as ``async`` of a function call."""

    type: str
    item_id: str
    output_index: int
    content_index: int
    delta: str
    async_: bool | None = Field(None, alias="async")


async def test_rewritten_event_keeps_the_names_of_its_fields() -> None:
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    event = AliasedEvent.model_validate(
        {"type": "response.output_text.delta", **place, "delta": "\n\nHello", "async": True}
    )

    [rewritten] = await collect_stream([event], build_filters())

    assert (rewritten.delta, rewritten.async_) == ("Hello", True)


async def test_event_that_fails_validation_is_rewritten() -> None:
    fields = {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "\nHello"}

    (out,) = await collect_stream([OutputTextDeltaEvent.model_construct(**fields)], build_filters())

    assert out.delta == "Hello"


DELTA = {"type": "response.output_text.delta", "delta": "\nHello"}
DEEP = json.loads("[" * 500 + "]" * 500)


@pytest.mark.parametrize(
    "fields", [{}, {"type": []}, DELTA | {"delta": []}, DELTA | {"extra": {"\ud800": 1}}, DELTA | {"deep": DEEP}]
)
async def test_event_of_an_unknown_form_is_the_same_object(fields: dict[str, Any]) -> None:
    original = OutputTextDeltaEvent.model_construct(**fields)

    (out,) = await collect_stream([original], build_filters())

    assert out is original


@pytest.mark.parametrize("name", [None, [], {}, 3])
async def test_event_of_an_unknown_type_is_numbered(name: Any) -> None:
    original = [Event(**event) for event in build_response_events([], ["Hello\n"])]
    unknown = OutputTextDeltaEvent.model_construct(type=name, sequence_number=99)

    out = await collect_stream(
        [*original, unknown], apply({"kind": "filter_whitespace", "trailing": "keep"}, chat("Hi")).create_filters()
    )

    assert (type(out[-1]), out[-1].type, out[-1].sequence_number) == (OutputTextDeltaEvent, name, 100)


@pytest.mark.parametrize("ends", [False, True])
async def test_added_event_of_a_type_not_seen_before_is_an_object(ends: bool) -> None:
    place = {"item_id": "m", "output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": "Hi\n"}}
    original = [Event(type="response.content_part.added", **place, sequence_number=0)]
    original += [Event(type="response.content_part.done", **place, sequence_number=1)] * ends

    out = await collect_stream(
        original, apply({"kind": "filter_whitespace", "trailing": "keep"}, chat("Hi")).create_filters()
    )

    assert (type(out[1]), out[1].type, out[1].delta, out[1].sequence_number) == (
        GenericEvent,
        "response.output_text.delta",
        "\n",
        1,
    )
    assert [event.sequence_number for event in out] == [0, 1, 2][: 2 + ends]


async def test_bytes_of_messages_are_rewritten() -> None:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "\nHello"}}
    frame = f"event: content_block_delta\ndata: {json.dumps(event)}\n\n".encode()

    (out,) = await collect_stream([frame], build_filters())

    assert json.loads(out.split(b"data: ")[1])["delta"]["text"] == "Hello"


@pytest.mark.parametrize("before", [None, {"leading": "strip"}, {"leading": "keep", "max_blank_lines": 2}])
async def test_fallback_within_a_stream_applies_its_own_policy(before: Any) -> None:
    first = apply({"kind": "filter_whitespace", **before}, chat("Hi")) if before else None
    then = apply({"kind": "filter_whitespace", "leading": "keep", "max_blank_lines": 1}, chat("Hi"))
    state: Any = SimpleNamespace(applied=first)
    chunks = [
        build_chunk(role="assistant", content=""),
        build_chunk(content="\nHello\n\n\nworld"),
        build_chunk(finish="stop"),
    ]

    async def stream_of_two_attempts() -> AsyncIterator[Any]:
        yield build_chunk(role="assistant", content="")
        state.applied = then
        for item in chunks:
            yield item

    out = [item async for item in rewrite_stream(stream_of_two_attempts(), state)]

    assert (join_content(out), out[-1]) == ("\nHello\n\nworld", chunks[-1])


async def test_fallback_without_a_policy_passes_the_stream_through() -> None:
    state: Any = SimpleNamespace(applied=apply({"kind": "filter_whitespace"}, chat("Hi")))
    chunks = [build_chunk(role="assistant", content=""), build_chunk(content="\n\nHello\n")]

    async def stream_of_two_attempts() -> AsyncIterator[Any]:
        yield build_chunk(role="assistant", content="")
        state.applied = None
        for item in chunks:
            yield item

    out = [item async for item in rewrite_stream(stream_of_two_attempts(), state)]

    assert all(rewritten is chunk for rewritten, chunk in zip(out[1:], chunks, strict=True))


async def test_internal_error_in_events_is_a_broken_stream_error() -> None:
    with pytest.raises(BrokenStreamError) as error:
        await collect_stream([Event(**event) for event in build_response_events([], ["Hello"])], BrokenFilters())

    assert isinstance(error.value.__cause__, InternalError)


async def test_empty_stream_stays_empty() -> None:
    assert await collect_stream([], build_filters()) == []
