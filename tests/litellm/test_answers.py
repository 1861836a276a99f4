"""LiteLLM's answer objects: copied only where their text changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from litellm.types.utils import Choices, Delta, Message, ModelResponse, ModelResponseStream, StreamingChoices

from prompt_policy import Fault, Pipeline
from prompt_policy.litellm.answers import rewritten_answer
from prompt_policy.litellm.other_answers import policed_chunks
from prompt_policy.litellm.refusal import PolicyFailed
from prompt_policy.runtime import AnswerTexts
from tests.support import chat, policy_of


def texts(**keys: Any) -> AnswerTexts:
    rule = {"kind": "filter_whitespace", "max_blank_lines": 1, **keys}
    made = Pipeline(policy_of(rule)).apply(chat("Hi"), "chat").answer()
    assert made is not None
    return made


def chunk(index: int = 0, finish: str | None = None, **delta: Any) -> ModelResponseStream:
    return ModelResponseStream(choices=[StreamingChoices(index=index, delta=Delta(**delta), finish_reason=finish)])


def policed(chunks: AsyncIterator[Any], rewriter: Any) -> AsyncIterator[Any]:
    """Send a stream through texts, as an answer of one attempt."""
    applied: Any = SimpleNamespace(answer=lambda: rewriter)
    return policed_chunks(chunks, lambda: applied)


async def streamed(chunks: list[Any], rewriter: AnswerTexts) -> list[Any]:
    async def source() -> AsyncIterator[Any]:
        for item in chunks:
            yield item

    return [item async for item in policed(source(), rewriter)]


def joined(chunks: list[Any], index: int = 0) -> str:
    choices = [choice for item in chunks for choice in item.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


async def test_a_chunk_whose_text_stays_is_the_same_object() -> None:
    chunks = [
        chunk(role="assistant", content=""),
        chunk(content="Hello"),
        chunk(content=" world"),
        chunk(finish="stop"),
    ]
    out = await streamed(chunks, texts())
    assert all(one is other for one, other in zip(out, chunks, strict=True))


async def test_a_changed_chunk_is_a_copy_and_the_original_keeps_its_text() -> None:
    chunks = [chunk(content="\n\nHello"), chunk(content="\n\n\n\nworld\n"), chunk(finish="stop")]
    out = await streamed(chunks, texts())
    assert joined(out) == "Hello\n\nworld"
    assert joined(chunks) == "\n\nHello\n\n\n\nworld\n"
    assert out[0].id == chunks[0].id
    assert out[-1] is chunks[-1]


async def test_a_chunk_of_which_nothing_is_left_is_dropped() -> None:
    assert await streamed([chunk(content="\n")], texts()) == []


async def test_choices_are_kept_apart() -> None:
    chunks = [chunk(0, content="a\n\n"), chunk(1, content="\nb"), chunk(0, content="\n\nc"), chunk(1, content="\nd")]
    out = await streamed(chunks, texts())
    assert (joined(out, 0), joined(out, 1)) == ("a\n\nc", "b\nd")


@pytest.mark.parametrize("index", [None, "0", [], {}])
async def test_an_index_that_is_no_number_is_the_first(index: Any) -> None:
    out = await streamed([chunk(content="a\n"), chunk(index, content="b\n")], texts(trailing="keep"))
    assert "".join(item.choices[0].delta.content for item in out) == "a\nb\n"


async def test_what_was_held_back_comes_after_the_last_chunk() -> None:
    out = await streamed([chunk(content="a\n\n\n"), chunk(finish="stop")], texts(trailing="keep"))
    assert joined(out) == "a\n\n"
    assert out[-1].choices[0].delta.content == "\n\n"
    assert out[-1].choices[0].finish_reason is None


async def test_what_was_held_back_comes_before_the_error_that_ends_a_stream() -> None:
    async def source() -> AsyncIterator[Any]:
        yield chunk(content="\na\n\n\n")
        raise ConnectionResetError("by peer")

    out = policed(source(), texts(trailing="keep"))
    assert joined([await anext(out), await anext(out)]) == "a\n\n"
    with pytest.raises(ConnectionResetError, match="by peer"):
        await anext(out)


async def test_reasoning_is_rewritten_by_litellms_name() -> None:
    out = await streamed(
        [chunk(reasoning_content="\nHm."), chunk(reasoning_content="\n"), chunk(content="\nBlue.")], texts()
    )
    assert [item.choices[0].delta.get("reasoning_content") for item in out] == ["Hm.", None]
    assert joined(out) == "Blue."


async def test_a_last_chunk_that_has_no_delta_gives_no_shape_to_what_was_held_back() -> None:
    bare = ModelResponseStream(choices=[StreamingChoices(index=1), StreamingChoices(index=0, delta=Delta())])
    del bare.choices[0].delta
    out = await streamed([chunk(content="Hello\n"), bare], texts(trailing="keep"))
    assert out[-1].choices[0].delta.content == "\n"


async def test_items_that_are_no_chunks_pass() -> None:
    assert await streamed([b"data: x\n\n", {"a": 1}], texts()) == [b"data: x\n\n", {"a": 1}]


async def test_a_fault_is_an_error_that_litellm_can_send_in_mid_stream() -> None:
    class BrokenFilter:
        def feed(self, _channel: str, _text: str) -> str:
            raise KeyError

        flush = feed

    broken: Any = BrokenFilter
    with pytest.raises(PolicyFailed):
        await streamed([chunk(content="a")], AnswerTexts([broken], lambda error: Fault("broken")))


def whole(**message: Any) -> ModelResponse:
    return ModelResponse(choices=[Choices(index=0, message=Message(role="assistant", **message))])


def test_a_whole_answer_is_copied_and_the_original_keeps_its_text() -> None:
    answer = whole(
        content="\n\nHello\n", reasoning_content="\nHm.\n", provider_specific_fields={"reasoning": "\nHm.\n"}
    )
    answer._hidden_params["model_id"] = "1"
    out = rewritten_answer(answer, texts())
    message = out.choices[0].message
    assert (message.content, message.reasoning_content) == ("Hello", "Hm.")
    assert message.provider_specific_fields == {"reasoning": "Hm."}
    assert answer.choices[0].message.content == "\n\nHello\n"
    assert answer.choices[0].message.provider_specific_fields == {"reasoning": "\nHm.\n"}
    assert out._hidden_params["model_id"] == "1"
    assert out.model_dump()["choices"][0]["message"]["content"] == "Hello"


def test_the_choices_of_a_whole_answer_are_apart_whatever_their_index() -> None:
    answer = ModelResponse(choices=[Choices(index=0, message=Message(content=text)) for text in ("a\n", "\nb")])
    out = rewritten_answer(answer, texts(trailing="keep"))
    assert [choice.message.content for choice in out.choices] == ["a\n", "b"]


def test_a_whole_answer_whose_text_stays_is_the_same_object() -> None:
    for answer in (whole(content="Hello"), whole(content=None)):
        assert rewritten_answer(answer, texts()) is answer
    assert rewritten_answer({"a": 1}, texts()) == {"a": 1}
