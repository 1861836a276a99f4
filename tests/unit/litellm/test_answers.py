"""Tests that LiteLLM's answer objects are copied only if their text changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litellm.types.utils import Choices, Delta, Message, ModelResponse, ModelResponseStream, StreamingChoices, Usage

from prompt_policy import InternalError, Pipeline
from prompt_policy.kinds import Filter
from prompt_policy.litellm.answers import LiteLLMChunkRewriter, rewrite_model_response
from prompt_policy.litellm.errors.proxy import BrokenStreamError
from prompt_policy.litellm.streams import rewrite_stream
from prompt_policy.runtime import AnswerFilters
from tests.support.policies import chat, policy_of


def build_filters(**keys: Any) -> AnswerFilters:
    rule = {"kind": "filter_whitespace", "max_blank_lines": 1, **keys}
    filters = Pipeline(policy_of(rule)).apply(chat("Hi"), "chat").create_filters()
    assert filters is not None
    return filters


def build_chunk(index: int = 0, finish: str | None = None, **delta: Any) -> ModelResponseStream:
    return ModelResponseStream(choices=[StreamingChoices(index=index, delta=Delta(**delta), finish_reason=finish)])


def build_state(rewriter: Any) -> Any:
    """Return the state of a request whose answer is rewritten by ``rewriter``."""
    return SimpleNamespace(
        applied=SimpleNamespace(create_filters=lambda: rewriter, create_ending=lambda _endpoint, _report_end: None)
    )


def rewrite_by_policy(chunks: AsyncIterator[Any], rewriter: Any) -> AsyncIterator[Any]:
    """Rewrite a stream as the answer of a single attempt."""
    return rewrite_stream(chunks, build_state(rewriter))


async def collect_stream(chunks: list[Any], rewriter: AnswerFilters) -> list[Any]:
    async def stream_chunks() -> AsyncIterator[Any]:
        for item in chunks:
            yield item

    return [item async for item in rewrite_by_policy(stream_chunks(), rewriter)]


def join_content(chunks: list[Any], index: int = 0) -> str:
    choices = [choice for item in chunks for choice in item.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in choices)


async def test_chunk_with_unchanged_text_is_the_same_object() -> None:
    chunks = [
        build_chunk(role="assistant", content=""),
        build_chunk(content="Hello"),
        build_chunk(content=" world"),
        build_chunk(finish="stop"),
    ]
    out = await collect_stream(chunks, build_filters())
    assert all(rewritten is chunk for rewritten, chunk in zip(out, chunks, strict=True))


async def test_changed_chunk_is_a_copy() -> None:
    chunks = [build_chunk(content="\n\nHello"), build_chunk(content="\n\n\n\nworld\n"), build_chunk(finish="stop")]
    out = await collect_stream(chunks, build_filters())
    assert join_content(out) == "Hello\n\nworld"
    assert join_content(chunks) == "\n\nHello\n\n\n\nworld\n"
    assert out[0].id == chunks[0].id
    assert out[-1] is chunks[-1]


async def test_chunk_without_remaining_text_is_dropped() -> None:
    assert await collect_stream([build_chunk(content="\n")], build_filters()) == []


async def test_each_choice_has_its_own_filters() -> None:
    chunks = [
        build_chunk(0, content="a\n\n"),
        build_chunk(1, content="\nb"),
        build_chunk(0, content="\n\nc"),
        build_chunk(1, content="\nd"),
    ]
    out = await collect_stream(chunks, build_filters())
    assert (join_content(out, 0), join_content(out, 1)) == ("a\n\nc", "b\nd")


@pytest.mark.parametrize("index", [None, "0", [], {}])
async def test_index_of_a_wrong_type_counts_as_the_first(index: Any) -> None:
    out = await collect_stream(
        [build_chunk(content="a\n"), build_chunk(index, content="b\n")], build_filters(trailing="keep")
    )
    assert "".join(item.choices[0].delta.content for item in out) == "a\nb\n"


async def test_buffered_text_is_emitted_before_the_last_chunk() -> None:
    out = await collect_stream(
        [build_chunk(content="a\n\n\n"), build_chunk(finish="stop")], build_filters(trailing="keep")
    )
    assert join_content(out) == "a\n\n"
    assert [item.choices[0].delta.content for item in out] == ["a", "\n\n", None]
    assert [item.choices[0].finish_reason for item in out] == [None, None, "stop"]


async def test_buffered_text_is_emitted_before_the_error_of_a_stream() -> None:
    async def break_after_one_chunk() -> AsyncIterator[Any]:
        yield build_chunk(content="\na\n\n\n")
        raise ConnectionResetError("by peer")

    out = rewrite_by_policy(break_after_one_chunk(), build_filters(trailing="keep"))
    assert join_content([await anext(out), await anext(out)]) == "a\n\n"
    with pytest.raises(ConnectionResetError, match="by peer"):
        await anext(out)


async def test_buffered_text_of_another_choice_precedes_the_usage() -> None:
    usage = build_chunk()
    usage.usage = Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2)
    chunks = [build_chunk(0, content="a\n"), build_chunk(1, content="b\n"), build_chunk(0, finish="stop"), usage]
    out = await collect_stream(chunks, build_filters(trailing="keep"))
    assert [(item.choices[0].index, item.choices[0].delta.content) for item in out[2:]] == [
        (0, "\n"), (0, None), (1, "\n"), (0, None),
    ]  # fmt: skip
    assert out[-1] is usage


async def test_reasoning_content_is_rewritten() -> None:
    out = await collect_stream(
        [build_chunk(reasoning_content="\nHm."), build_chunk(reasoning_content="\n"), build_chunk(content="\nBlue.")],
        build_filters(),
    )
    assert [item.choices[0].delta.get("reasoning_content") for item in out] == ["Hm.", None]
    assert join_content(out) == "Blue."


async def test_flush_after_deltaless_last_chunk_uses_previous_chunk() -> None:
    bare = ModelResponseStream(choices=[StreamingChoices(index=1), StreamingChoices(index=0, delta=Delta())])
    del bare.choices[0].delta
    out = await collect_stream([build_chunk(content="Hello\n"), bare], build_filters(trailing="keep"))
    assert out[-1].choices[0].delta.content == "\n"


async def test_items_that_are_not_chunks_pass() -> None:
    assert await collect_stream([b"data: x\n\n", {"a": 1}], build_filters()) == [b"data: x\n\n", {"a": 1}]


async def test_internal_error_in_a_stream_is_a_broken_stream_error() -> None:
    class BrokenFilter(Filter):
        def feed(self, _channel: str, _text: str) -> str:
            raise KeyError

    with pytest.raises(BrokenStreamError):
        await collect_stream(
            [build_chunk(content="a")], AnswerFilters([BrokenFilter], lambda error: InternalError("broken"))
        )


TEXT_PIECES = st.sampled_from(
    ["", "a", " b", "c ", "\n", "\n\n", "d\n\n\ne", "```", "d\n```", "\u3000", "\r", "\t", "f\u2028", "- "]
)
FIELDS = {
    "content": TEXT_PIECES,
    "reasoning": TEXT_PIECES,
    "reasoning_content": TEXT_PIECES,
    "role": st.just("assistant"),
    "tool_calls": st.just([{"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]),
    "annotations": st.just([{"type": "url_citation"}]),
    "thinking_blocks": st.just([{"type": "thinking", "thinking": "\nHm.", "signature": ""}]),
    "provider_specific_fields": st.just({"reasoning": "\nHm."}),
}


@st.composite
def choices(draw: st.DrawFn, index: int) -> StreamingChoices:
    """Draw a choice whose delta has some of the fields that LiteLLM and its backends use."""
    drawn = draw(st.fixed_dictionaries({}, optional=FIELDS))
    choice = StreamingChoices(index=index, delta=Delta(**drawn), finish_reason=draw(st.sampled_from([None, "stop"])))
    if "reasoning" in drawn and draw(st.booleans()):  # as in a version of LiteLLM that does not rename it
        choice.delta.reasoning = drawn["reasoning"]
    return choice


CHUNKS = st.lists(st.one_of(choices(0).map(lambda choice: [choice]), st.tuples(choices(0), choices(1)).map(list)))


@given(CHUNKS, st.sampled_from([{}, {"trailing": "keep"}, {"leading": "keep"}, {"channels": ["reasoning"]}]))
def test_fast_path_equals_filtering_every_chunk(drawn: list[list[StreamingChoices]], keys: dict[str, Any]) -> None:
    class FiltersWithoutFastPath(AnswerFilters):
        """Filters that let no chunk pass unseen."""

        def can_pass_through(self, _choice: Any, _channel: str) -> bool:
            return False

    def rewrite_all(filters: AnswerFilters) -> list[Any]:
        stream = LiteLLMChunkRewriter(filters)
        return [[*stream.feed(item)] for item in given_chunks] + [[*stream.flush()]]

    rule = policy_of({"kind": "filter_whitespace", "max_blank_lines": 1, **keys})
    applied = Pipeline(rule).apply(chat("Hi"), "chat")
    given_chunks = [ModelResponseStream(choices=items) for items in drawn]
    before = repr(given_chunks)

    quick = rewrite_all(AnswerFilters(applied.filters, applied.pipeline.handle_internal_error))
    thorough = rewrite_all(FiltersWithoutFastPath(applied.filters, applied.pipeline.handle_internal_error))

    assert repr(quick) == repr(thorough)
    assert [[item is chunk for item in out] for out, chunk in zip(quick, given_chunks, strict=False)] == [
        [item is chunk for item in out] for out, chunk in zip(thorough, given_chunks, strict=False)
    ]
    assert repr(given_chunks) == before


def build_answer(**message: Any) -> ModelResponse:
    return ModelResponse(choices=[Choices(index=0, message=Message(role="assistant", **message))])


def test_changed_answer_is_a_copy() -> None:
    answer = build_answer(
        content="\n\nHello\n", reasoning_content="\nHm.\n", provider_specific_fields={"reasoning": "\nHm.\n"}
    )
    answer._hidden_params["model_id"] = "1"
    out = rewrite_model_response(answer, build_filters())
    message = out.choices[0].message
    assert (message.content, message.reasoning_content) == ("Hello", "Hm.")
    assert message.provider_specific_fields == {"reasoning": "Hm."}
    assert answer.choices[0].message.content == "\n\nHello\n"
    assert answer.choices[0].message.provider_specific_fields == {"reasoning": "\nHm.\n"}
    assert out._hidden_params["model_id"] == "1"
    assert out.model_dump()["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize(
    ("fields", "reasoning", "after"),
    [
        ({"reasoning": "\nHm.\n", "other": 1}, "Hm.", {"reasoning": "Hm.", "other": 1}),
        ({"reasoning_content": "\nHm.\n"}, "Hm.", {"reasoning_content": "Hm."}),
        ({"citation": {"cited_text": "\nHm.\n"}}, "Hm.", None),
        ({"reasoning": "\nAh.\n"}, "\nHm.\n", None),
        ({"reasoning": "\nHm.\n", "reasoning_details": [{"text": "\nHm.\n"}]}, "\nHm.\n", None),
    ],
)
async def test_reasoning_agrees_with_its_copy_among_the_providers_fields(
    fields: dict[str, Any], reasoning: str, after: dict[str, Any] | None
) -> None:
    keys: dict[str, Any] = {"reasoning_content": "\nHm.\n", "provider_specific_fields": fields}

    whole = rewrite_model_response(build_answer(content="\nHi", **keys), build_filters())
    streamed = await collect_stream([build_chunk(**keys), build_chunk(content="\nHi")], build_filters())

    assert [whole.choices[0].message.content, join_content(streamed)] == ["Hi", "Hi"]
    for message in (whole.choices[0].message, streamed[0].choices[0].delta):
        assert message.reasoning_content == reasoning
        assert message.provider_specific_fields == (fields if after is None else after)


async def test_annotations_point_at_the_text_that_is_left() -> None:
    def cite(start: int) -> list[Any]:
        return [{"type": "url_citation", "url_citation": {"url": "u", "start_index": start, "end_index": start + 2}}]

    whole = rewrite_model_response(build_answer(content="\n\nOne two\n\n\nup", annotations=cite(12)), build_filters())
    pieces = [build_chunk(content=text) for text in ("\n\nOne", " two", "\n\n\n", "up")]
    streamed = await collect_stream([*pieces, build_chunk(content="\n", annotations=cite(12))], build_filters())

    assert whole.choices[0].message.content == join_content(streamed) == "One two\n\nup"
    assert whole.choices[0].message.annotations == streamed[-1].choices[0].delta.annotations == cite(9)


def test_choices_of_an_answer_are_separate_even_with_equal_index() -> None:
    answer = ModelResponse(choices=[Choices(index=0, message=Message(content=text)) for text in ("a\n", "\nb")])
    out = rewrite_model_response(answer, build_filters(trailing="keep"))
    assert [choice.message.content for choice in out.choices] == ["a\n", "b"]


def test_answer_with_unchanged_text_is_the_same_object() -> None:
    for answer in (build_answer(content="Hello"), build_answer(content=None)):
        assert rewrite_model_response(answer, build_filters()) is answer
    assert rewrite_model_response({"a": 1}, build_filters()) == {"a": 1}


THINKING: list[Any] = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}]


def shape_reasoning(**keys: Any) -> AnswerFilters:
    filters = Pipeline(policy_of({"kind": "shape_reasoning", **keys})).apply(chat("Hi"), "chat").create_filters()
    assert filters is not None
    return filters


def test_hidden_reasoning_is_in_no_field_of_a_whole_answer() -> None:
    message = Message(
        content="Hi", reasoning_content="Hm.", thinking_blocks=THINKING, provider_specific_fields={"reasoning": "Hm."}
    )
    response = ModelResponse(choices=[Choices(message=message, logprobs={"content": []})])
    rewritten = rewrite_model_response(response, shape_reasoning(show="hide"))
    assert "Hm." not in rewritten.model_dump_json()
    choice = rewritten.choices[0]
    assert (choice.message.content, hasattr(choice.message, "reasoning_content")) == ("Hi", False)
    assert choice.logprobs is None
    assert message.reasoning_content == "Hm."


async def test_hidden_reasoning_is_in_no_chunk() -> None:
    chunks = [
        build_chunk(role="assistant", reasoning_content="Hm.", thinking_blocks=THINKING),
        build_chunk(reasoning_content="Hm."),
        build_chunk(content="Hi"),
        build_chunk(finish="stop"),
    ]
    chunks[2].choices[0].logprobs = {"content": [{"token": "Hm."}]}
    out = await collect_stream(chunks, shape_reasoning(show="hide"))
    assert "Hm." not in "".join(item.model_dump_json() for item in out)
    assert [(item.choices[0].delta.role, item.choices[0].delta.content) for item in out] == [
        ("assistant", None), (None, "Hi"), (None, None),
    ]  # fmt: skip


def test_hidden_reasoning_beside_usage_leaves_a_chunk_without_it() -> None:
    hidden = build_chunk(reasoning_content="Hm.", thinking_blocks=THINKING)
    hidden.usage = {"total_tokens": 1}
    (out,) = LiteLLMChunkRewriter(shape_reasoning(show="hide")).feed(hidden)
    assert "Hm." not in out.model_dump_json()
    assert out.usage == {"total_tokens": 1}


@pytest.mark.parametrize(
    ("field", "names"), [("reasoning", {"reasoning"}), ("both", {"reasoning", "reasoning_content"})]
)
async def test_reasoning_has_the_names_that_the_rule_sets(field: str, names: set[str]) -> None:
    filters = shape_reasoning(field=field, split=True)
    (out, *_) = await collect_stream([build_chunk(content="<think>Hm.")], filters)
    delta = out.model_dump()["choices"][0]["delta"]
    assert {key: delta[key] for key in delta if "reasoning" in key} == dict.fromkeys(names, "Hm.")
    assert delta["content"] is None
    response = ModelResponse(choices=[Choices(message=Message(content="Hi", reasoning_content="Hm."))])
    message = rewrite_model_response(response, shape_reasoning(field=field)).model_dump()["choices"][0]["message"]
    assert {key for key in message if "reasoning" in key} == names


async def test_inlined_reasoning_is_content() -> None:
    chunks = [build_chunk(reasoning_content="Hm."), build_chunk(content="Hi"), build_chunk(finish="stop")]
    out = await collect_stream(chunks, shape_reasoning(field="inline"))
    assert join_content(out) == "<think>\nHm.\n</think>\n\nHi"
    assert not any(hasattr(item.choices[0].delta, "reasoning_content") for item in out)
