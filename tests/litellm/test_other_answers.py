"""LiteLLM's answers in other forms: objects for Responses, plain mappings and bytes for Messages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litellm.types.llms.openai import OutputTextDeltaEvent, ResponsesAPIResponse
from litellm.types.utils import Choices, Message, ModelResponse
from pydantic import BaseModel

from prompt_policy import Fault
from prompt_policy.litellm.other_answers import policed_chunks, rewritten_whole
from prompt_policy.litellm.refusal import PolicyFailed
from tests.litellm.test_answers import chunk, joined, policed
from tests.runtime.test_replies import BrokenTexts
from tests.support import apply, chat
from tests.wire.test_responses_answer import TEXT, events, response


def texts() -> Any:
    return apply({"kind": "filter_whitespace", "max_blank_lines": 1}, chat("Hi")).answer()


async def streamed(chunks: list[Any], rewriter: Any) -> list[Any]:
    async def source() -> AsyncIterator[Any]:
        for item in chunks:
            yield item

    return [item async for item in policed(source(), rewriter)]


def test_a_response_keeps_its_class() -> None:
    made = ResponsesAPIResponse.model_validate({"created_at": 1, **response("Hm.", TEXT)})

    rewritten = rewritten_whole(made, texts())

    assert type(rewritten) is ResponsesAPIResponse
    assert [answer.model_dump()["output"][1]["content"][0]["text"] for answer in (rewritten, made)] == [
        "请 Hello\n\nworld",
        TEXT,
    ]


def test_a_response_that_is_clean_is_the_same_object() -> None:
    made = ResponsesAPIResponse.model_validate({"created_at": 1, **response("Hm.", "Hello")})

    assert rewritten_whole(made, texts()) is made


@pytest.mark.parametrize("text", [TEXT, "Hello"])
@pytest.mark.parametrize("output", [{}, {"output": "none"}, {"output": [{"type": []}, 3]}])
def test_a_response_that_litellms_class_refuses_is_rewritten_all_the_same(output: dict[str, Any], text: str) -> None:
    given = {**response("Hm.", text), **output}
    made = ResponsesAPIResponse.model_construct(**given)

    rewritten = rewritten_whole(made, texts())

    assert made.output is given["output"]
    if output or text == "Hello":
        assert rewritten is made
    else:
        assert rewritten.output[1]["content"][0]["text"] == "请 Hello\n\nworld"


def test_a_response_that_litellm_cannot_write_passes_as_it_came() -> None:
    made = ResponsesAPIResponse.model_construct(id="r", output=[{"type": [], "id": None}])

    assert rewritten_whole(made, texts()) is made


def test_messages_are_plain_mappings() -> None:
    answer = {"content": [{"type": "text", "text": "\nHello"}]}

    assert rewritten_whole(answer, texts()) == {"content": [{"type": "text", "text": "Hello"}]}


def test_chat_is_as_ever() -> None:
    made = ModelResponse(choices=[Choices(message=Message(content="\nHello"))])

    assert rewritten_whole(made, texts()).choices[0].message.content == "Hello"


class Event(BaseModel, extra="allow"):
    """An event as LiteLLM holds those that it has no class for."""

    type: str


async def test_the_events_of_a_response() -> None:
    out = await streamed([Event(**event) for event in events(["Hm."], ["\n", "Hello", "\n"])], texts())

    assert "".join(event.delta for event in out if event.type == "response.output_text.delta") == "Hello"
    assert out[-1].response["output"][1]["content"][0]["text"] == "Hello"


async def test_an_event_that_litellms_class_refuses_is_made_all_the_same() -> None:
    given = {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "\nHello"}

    (out,) = await streamed([OutputTextDeltaEvent.model_construct(**given)], texts())

    assert out.delta == "Hello"


DELTA = {"type": "response.output_text.delta", "delta": "\nHello"}
DEEP = json.loads("[" * 500 + "]" * 500)


@pytest.mark.parametrize(
    "given", [{}, {"type": []}, DELTA | {"delta": []}, DELTA | {"extra": {"\ud800": 1}}, DELTA | {"deep": DEEP}]
)
async def test_an_event_of_no_known_form_is_the_same_object(given: dict[str, Any]) -> None:
    made = OutputTextDeltaEvent.model_construct(**given)

    (out,) = await streamed([made], texts())

    assert out is made


@pytest.mark.parametrize("name", [None, [], {}, 3])
async def test_an_event_of_no_known_type_is_numbered_like_the_others(name: Any) -> None:
    made = [Event(**event) for event in events([], ["Hello\n"])]
    odd = OutputTextDeltaEvent.model_construct(type=name, sequence_number=99)

    out = await streamed([*made, odd], apply({"kind": "filter_whitespace", "trailing": "keep"}, chat("Hi")).answer())

    assert (type(out[-1]), out[-1].type, out[-1].sequence_number) == (OutputTextDeltaEvent, name, 100)


async def test_the_frames_of_messages_are_bytes() -> None:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "\nHello"}}
    frame = f"event: content_block_delta\ndata: {json.dumps(event)}\n\n".encode()

    (out,) = await streamed([frame], texts())

    assert json.loads(out.split(b"data: ")[1])["delta"]["text"] == "Hello"


@pytest.mark.parametrize("before", [None, {"leading": "strip"}, {"leading": "keep", "max_blank_lines": 2}])
async def test_a_stream_that_another_deployment_takes_over_gets_that_ones_policy(before: Any) -> None:
    first = apply({"kind": "filter_whitespace", **before}, chat("Hi")) if before else None
    then = apply({"kind": "filter_whitespace", "leading": "keep", "max_blank_lines": 1}, chat("Hi"))
    now = [first]
    chunks = [chunk(role="assistant", content=""), chunk(content="\nHello\n\n\nworld"), chunk(finish="stop")]

    async def source() -> AsyncIterator[Any]:
        yield chunk(role="assistant", content="")
        now[0] = then
        for item in chunks:
            yield item

    out = [item async for item in policed_chunks(source(), lambda: now[0])]

    assert (joined(out), out[-1]) == ("\nHello\n\nworld", chunks[-1])


async def test_a_stream_that_a_deployment_without_a_policy_takes_over_passes() -> None:
    now = [apply({"kind": "filter_whitespace"}, chat("Hi")), None]
    chunks = [chunk(role="assistant", content=""), chunk(content="\n\nHello\n")]

    async def source() -> AsyncIterator[Any]:
        yield chunk(role="assistant", content="")
        now.pop(0)
        for item in chunks:
            yield item

    out = [item async for item in policed_chunks(source(), lambda: now[0])]

    assert all(one is other for one, other in zip(out[1:], chunks, strict=True))


async def test_a_fault_in_the_events_is_litellms_kind_of_error() -> None:
    with pytest.raises(PolicyFailed) as error:
        await streamed([Event(**event) for event in events([], ["Hello"])], BrokenTexts())

    assert isinstance(error.value.__cause__, Fault)


async def test_an_empty_stream_is_empty() -> None:
    assert await streamed([], texts()) == []
