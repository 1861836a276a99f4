"""Answers with think tags under every setting of ``shape_reasoning``: the cuts, the order and a second pass."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import AppliedPolicy, Pipeline
from prompt_policy.wire.answers.chat import CHANNEL_KEYS, CHANNELS, Channel, get_text
from prompt_policy.wire.answers.chat_message import rewrite_completion
from prompt_policy.wire.answers.chat_stream import ChatChunkRewriter
from tests.support.policies import chat, policy_of

TAGGED = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<think>\n",
            "\n</think>\n\n",
            "<th",
            "</",
            "`",
            '"',
            "```\n",
            "\n",
            " ",
            "a",
            "b c",
            "<",
        ]
    ),
    max_size=9,
).map("".join)
REASONING = st.sampled_from(["", "", "", "\n", "Hm.", "\nHm.\n", "a <think> b"])
EACH_SETTING: list[dict[str, Any]] = [
    {"split": True},
    {"split": True, "opened": True},
    {"split": True, "field": "both"},
    {"split": True, "field": "inline"},
    {"split": True, "field": "inline", "opened": True},
    {"split": True, "show": "hide"},
    {"split": True, "show": "hide", "opened": True},
    {"show": "hide"},
    {"field": "inline"},
    {"field": "reasoning_content"},
]
SETTINGS = st.sampled_from(EACH_SETTING)
FOLLOWED_BY = st.sampled_from(
    [[], [{"kind": "filter_whitespace"}], [{"kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1}]]
)
LAST = st.sampled_from([{}, {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}]}])
Answer = dict[Channel, str]


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    places = sorted(draw(st.sets(st.integers(1, len(text) - 1), max_size=8))) if len(text) > 1 else []
    return [text[start:end] for start, end in pairwise([0, *places, len(text)])]


def apply_rules(settings: dict[str, Any], followed_by: list[dict[str, Any]], **keys: Any) -> AppliedPolicy:
    rules = [{"kind": "shape_reasoning", **settings}, *followed_by]
    return Pipeline(policy_of(*rules)).apply(chat("Hi", **keys), "chat")


def read_whole(applied: AppliedPolicy, message: dict[str, Any]) -> dict[str, Any]:
    texts = applied.create_filters()
    assert texts is not None
    answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    rewritten: dict[str, Any] = rewrite_completion(answer, texts)["choices"][0]["message"]
    return rewritten


def stream(applied: AppliedPolicy, deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the choices that the client receives for a choice with these deltas."""
    texts = applied.create_filters()
    assert texts is not None
    rewriter = ChatChunkRewriter(texts)
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    received = [new for chunk in chunks for new in rewriter.feed(chunk)] + rewriter.flush()
    return [chunk["choices"][0] for chunk in received]


def join(deltas: list[dict[str, Any]]) -> Answer:
    return {c: "".join([get_text(delta, CHANNEL_KEYS[c]) or "" for delta in deltas]) for c in CHANNELS}


def draw_deltas(data: st.DataObject, reasoning: str, content: str) -> list[dict[str, Any]]:
    """Draw the deltas of an answer that is cut anywhere."""
    deltas = [{"reasoning": piece} for piece in data.draw(cut(reasoning)) if piece]
    return deltas + [{"content": piece} for piece in data.draw(cut(content)) if piece]


@given(SETTINGS, FOLLOWED_BY, TAGGED, REASONING, LAST, st.data())
def test_stream_equals_the_whole_answer_under_every_cut(
    settings: dict[str, Any],
    followed_by: list[dict[str, Any]],
    content: str,
    reasoning: str,
    last: dict[str, Any],
    data: st.DataObject,
) -> None:
    applied = apply_rules(settings, followed_by)
    deltas = [{"role": "assistant"}, *draw_deltas(data, reasoning, content), last]

    received = stream(applied, deltas)
    fields = {"reasoning": reasoning} if reasoning else {}
    whole = read_whole(applied, {"role": "assistant", **fields, "content": content, **last})

    assert join([choice["delta"] for choice in received]) == join([whole])
    assert [choice["finish_reason"] for choice in received].index("stop") == len(received) - 1


@given(SETTINGS, FOLLOWED_BY, TAGGED, REASONING, LAST, st.data())
def test_reasoning_precedes_content_and_content_the_tool_calls(
    settings: dict[str, Any],
    followed_by: list[dict[str, Any]],
    content: str,
    reasoning: str,
    last: dict[str, Any],
    data: st.DataObject,
) -> None:
    deltas = [*draw_deltas(data, reasoning, content), last]

    received = [choice["delta"] for choice in stream(apply_rules(settings, followed_by), deltas)]

    ranks = []
    for delta in received:
        ranks += [0] if any(delta.get(key) for key in CHANNEL_KEYS["reasoning"]) else []
        ranks += [1] if delta.get("content") else []
        ranks += [2] if delta.get("tool_calls") else []
    if reasoning.strip() or not content.lstrip().startswith("<think"):
        assert ranks == sorted(ranks)
    assert ranks.count(2) == bool(last)


@given(SETTINGS, FOLLOWED_BY, TAGGED, REASONING, st.data())
def test_second_pass_changes_nothing(
    settings: dict[str, Any], followed_by: list[dict[str, Any]], content: str, reasoning: str, data: st.DataObject
) -> None:
    applied = apply_rules(settings, followed_by)
    message = {"role": "assistant", "content": content, **({"reasoning": reasoning} if reasoning else {})}
    once = read_whole(applied, message)
    assert read_whole(applied, once) == once

    deltas = [
        {key: piece} for key in ("reasoning", "content") for piece in data.draw(cut(message.get(key, ""))) if piece
    ]
    received = [choice["delta"] for choice in stream(applied, deltas)]
    again = [choice["delta"] for choice in stream(applied, received)]
    assert join(again) == join(received)


@given(st.sampled_from([keys for keys in EACH_SETTING if keys.get("field") != "inline"]), TAGGED)
def test_only_whitespace_and_a_possible_tag_are_buffered(settings: dict[str, Any], content: str) -> None:
    for end in range(len(content) + 1):
        texts = apply_rules(settings, []).create_filters()
        assert texts is not None
        texts.feed_pieces(0, "content", content[:end])
        buffered = "".join([piece.text for piece in texts.flush_pieces(0)]).strip()
        assert "<think>".startswith(buffered) or "</think>".startswith(buffered)


@given(TAGGED, st.sampled_from([{}, {"response_format": {"type": "json_object"}}, {"logprobs": True}]))
def test_hidden_reasoning_reaches_the_client_in_no_field(content: str, keys: dict[str, Any]) -> None:
    applied = apply_rules({"show": "hide"}, [], **keys)
    block: list[Any] = [{"type": "thinking", "thinking": "SECRET"}]
    message: dict[str, Any] = {
        "content": content,
        "reasoning": "SECRET",
        "reasoning_content": "SECRET",
        "reasoning_details": [{"type": "reasoning.text", "text": "SECRET"}],
        "thinking_blocks": block,
        "provider_specific_fields": {"reasoning": "SECRET", "other": 1},
    }
    assert "SECRET" not in repr(read_whole(applied, message))
    received = stream(applied, [message, {"content": [*block, {"type": "text", "text": content}]}])
    assert "SECRET" not in repr(received)
    assert "'other': 1" in repr(received)
