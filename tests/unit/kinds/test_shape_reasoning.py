"""ShapeReasoning: reasoning is hidden, split from the content, or sent under another name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import AppliedPolicy, Pipeline, RequestContext
from prompt_policy.wire.answers.chat_message import rewrite_completion
from prompt_policy.wire.answers.chat_stream import ChatChunkRewriter
from tests.support.policies import apply, chat, policy_of, reason
from tests.support.upper_filter import choice, chunk, whole

SPLIT = {"kind": "shape_reasoning", "split": True}
HIDE = {"kind": "shape_reasoning", "show": "hide"}
TIDY = {"kind": "filter_whitespace"}
JSON_MODE = {"response_format": {"type": "json_object"}}
TOOL_CALLS = [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}]


def apply_rules(*rules: dict[str, Any], **keys: Any) -> AppliedPolicy:
    return Pipeline(policy_of(*rules)).apply(chat("Hi", **keys), "chat")


def shape(applied: AppliedPolicy, **message: Any) -> dict[str, Any]:
    """Return the message that the client receives; it must be the same if each character is streamed."""
    texts = applied.create_filters()
    assert texts is not None
    rewritten: dict[str, Any] = rewrite_completion(whole(**message), texts)["choices"][0]["message"]
    deltas = [{key: char} for key, text in message.items() if key != "tool_calls" for char in text or ""]
    joined: dict[str, str] = {}
    for each in stream(applied, {"role": "assistant"}, *deltas):
        for key, text in each["delta"].items():
            joined[key] = joined.get(key, "") + (text or "")
    assert {key: text for key, text in joined.items() if text} == {
        key: text for key, text in rewritten.items() if text and key != "tool_calls"
    }
    del rewritten["role"]
    return rewritten


def stream(applied: AppliedPolicy, *deltas: dict[str, Any], **keys: Any) -> list[dict[str, Any]]:
    """Return the choices that the client receives for a choice with these deltas."""
    texts = applied.create_filters()
    assert texts is not None
    rewriter = ChatChunkRewriter(texts)
    chunks = [*(chunk(choice(delta, **keys)) for delta in deltas), chunk(choice({}, finish="stop"))]
    received = [new for each in chunks for new in rewriter.feed(each)] + rewriter.flush()
    return [each["choices"][0] for each in received]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<think>\nHm.\n</think>\n\nHello", {"reasoning": "\nHm.\n", "content": "\n\nHello"}),
        ("\n <think>Hm.</think>Hello", {"reasoning": "Hm.", "content": "Hello"}),
        ("<think>never closed </thi", {"reasoning": "never closed </thi", "content": ""}),
        ("<think>\n\n</think>\n\nHello", {"content": "\n\nHello"}),
        ("<think>\n</think><think>Hm.</think>Hello", {"reasoning": "Hm.", "content": "Hello"}),
        ("<think>a</think><think>b</think>", {"reasoning": "a", "content": "<think>b</think>"}),
    ],
)
def test_a_block_at_the_start_of_the_content_becomes_the_reasoning(content: str, expected: dict[str, str]) -> None:
    assert shape(apply(SPLIT, chat("Hi")), content=content) == expected


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Hello",
        "The tag <think> opens it, </think> closes it.",
        "`<think>` opens it",
        '"<think>" opens it',
        "```\n<think>\na\n</think>\n```",
        "> <think>\n> a\n> </think>",
        "Hm.</think>Hello",
        "<thin",
        "<thinking>a</thinking>",
        "</think>",
    ],
)
def test_content_that_mentions_a_tag_is_not_changed(content: str) -> None:
    assert shape(apply(SPLIT, chat("Hi")), content=content) == {"content": content}


@pytest.mark.parametrize(
    "text",
    [
        "It is `</think>`.",
        'It is "</think>".',
        "text.split('</think>')[-1]",
        "```py\nx = a</think>b\n```\n",
        "```\n<think>\na\n</think>\nb\n```\n",
    ],
)
def test_a_closing_tag_in_quotes_or_code_does_not_end_the_reasoning(text: str) -> None:
    shaped = shape(apply(SPLIT, chat("Hi")), content=f"<think>\n{text}\n</think>\n\nHello")
    assert shaped == {"reasoning": f"\n{text}\n", "content": "\n\nHello"}


@pytest.mark.parametrize("text", ["```py\nx = 1", 'I say "Hello"', "it's `"])
def test_a_fence_or_quote_that_is_never_closed_hides_no_answer(text: str) -> None:
    assert shape(apply(SPLIT, chat("Hi")), content=f"<think>{text}\n</think>Hello")["content"] == "Hello"


def test_content_after_reasoning_in_a_field_is_text() -> None:
    message = {"reasoning": "Hm.", "content": "<think>a</think>b"}
    assert shape(apply(SPLIT, chat("Hi")), **message) == message


def test_opened_content_begins_with_the_reasoning() -> None:
    applied = apply({**SPLIT, "opened": True}, chat("Hi"))
    assert shape(applied, content="Hm.\n</think>\n\nHello") == {"reasoning": "Hm.\n", "content": "\n\nHello"}
    assert shape(applied, content="<think>Hm.</think>Hello") == {"reasoning": "Hm.", "content": "Hello"}
    assert shape(applied, content="</think>Hello") == {"reasoning": "", "content": "Hello"}


def test_opened_has_no_effect_if_the_request_disables_thinking() -> None:
    applied = apply({**SPLIT, "opened": True}, chat("Hi", chat_template_kwargs={"enable_thinking": False}))
    assert shape(applied, content="Hello") == {"content": "Hello"}


def test_content_begins_with_reasoning_after_an_open_tag_in_a_prefill() -> None:
    expected = {"reasoning": "Hm.", "content": "Hello"}
    assert shape(apply(SPLIT, chat("Hi", ("assistant", "<think>\n"))), content="Hm.</think>Hello") == expected
    opening = {"kind": "force_opening", "text": "<think>\n", "restore": False}
    assert shape(apply_rules(opening, SPLIT), content="Hm.</think>Hello") == expected


def test_an_opening_that_is_restored_before_is_split() -> None:
    opening = {"kind": "force_opening", "text": "<think>\n"}
    shaped = shape(apply_rules(opening, SPLIT, TIDY), content="Hm.\n</think>\n\nHello")
    assert shaped == {"reasoning": "Hm.", "content": "Hello"}


@pytest.mark.parametrize(
    ("keys", "context", "skip_reason"),
    [
        (JSON_MODE, RequestContext(), "JSON mode"),
        ({"logprobs": True}, RequestContext(), "logprobs"),
        ({"return_token_ids": True}, RequestContext(), "return_token_ids"),
        ({}, RequestContext(has_reasoning_parser=True), "the server has a reasoning parser"),
    ],
)
def test_splitting_is_skipped_with_a_reason(keys: dict[str, Any], context: RequestContext, skip_reason: str) -> None:
    applied = apply(SPLIT, chat("Hi", **keys), context=context)
    assert (applied.create_filters(), reason(applied)) == (None, skip_reason)


def test_splitting_is_skipped_after_a_prefill_of_the_client() -> None:
    assert reason(apply(SPLIT, chat("Hi", ("assistant", "Well,")))) == "the client prefilled the answer"
    assert reason(apply(SPLIT, chat("Hi", ("assistant", "<think>a</think>")))) == "the client prefilled the answer"


def test_inlining_is_skipped_with_logprobs_and_renaming_is_not() -> None:
    inline = {"kind": "shape_reasoning", "field": "inline"}
    assert reason(apply(inline, chat("Hi", logprobs=True))) == "logprobs"
    rename = {"kind": "shape_reasoning", "field": "reasoning_content"}
    assert shape(apply(rename, chat("Hi", logprobs=True)), reasoning="Hm.") == {"reasoning_content": "Hm."}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("reasoning", {"reasoning": "Hm."}),
        ("reasoning_content", {"reasoning_content": "Hm."}),
        ("both", {"reasoning": "Hm.", "reasoning_content": "Hm."}),
    ],
)
@pytest.mark.parametrize("keys", [("reasoning",), ("reasoning_content",), ("reasoning", "reasoning_content")])
def test_reasoning_is_read_under_the_name_of_the_field(
    field: str, expected: dict[str, str], keys: tuple[str, ...]
) -> None:
    applied = apply({"kind": "shape_reasoning", "field": field}, chat("Hi"))
    rewritten = rewrite_completion(whole(**dict.fromkeys(keys, "Hm."), content="a"), applied.create_filters())  # type: ignore[arg-type]
    assert rewritten["choices"][0]["message"] == {"role": "assistant", "content": "a", **expected}
    received = stream(applied, dict.fromkeys(keys, "Hm."), {"content": "a"})
    assert [each["delta"] for each in received] == [expected, {"content": "a"}, {}]


def test_inlined_reasoning_is_between_tags_before_the_content() -> None:
    applied = apply({"kind": "shape_reasoning", "field": "inline"}, chat("Hi"))
    for reasoning, content in (("Hm.", "Hello"), ("\nHm.\n", "\n\nHello"), ("Hm.\n", "\nHello")):
        assert shape(applied, reasoning=reasoning, content=content) == {"content": "<think>\nHm.\n</think>\n\nHello"}
    assert shape(applied, reasoning="Hm.", content="\n\n\na") == {"content": "<think>\nHm.\n</think>\n\n\na"}
    assert shape(applied, reasoning="Hm.", content=None) == {"content": "<think>\nHm.\n</think>"}
    assert shape(applied, reasoning="\n", content="\na") == {"content": "\na"}


def test_inlined_reasoning_is_closed_before_a_tool_call() -> None:
    applied = apply({"kind": "shape_reasoning", "field": "inline"}, chat("Hi"))
    received = stream(applied, {"reasoning": "Hm."}, {"tool_calls": TOOL_CALLS}, {"content": "Hello"})
    assert [each["delta"] for each in received] == [
        {"content": "<think>\nHm."},
        {"content": "\n</think>"},
        {"tool_calls": TOOL_CALLS},
        {"content": "\n\nHello"},
        {},
    ]


def test_inlining_leaves_structured_copies_where_they_are() -> None:
    details = [{"type": "reasoning.text", "text": "Hm.", "signature": "x"}]
    applied = apply({"kind": "shape_reasoning", "field": "inline"}, chat("Hi"))
    (first, *_) = stream(applied, {"reasoning": "Hm.", "reasoning_details": details})
    assert first["delta"] == {"content": "<think>\nHm.", "reasoning_details": details}


def test_renaming_leaves_signatures_where_they_are() -> None:
    blocks = [{"type": "thinking", "thinking": "\nHm.", "signature": "x"}]
    applied = apply_rules({"kind": "shape_reasoning", "field": "reasoning"}, TIDY)
    rewritten = rewrite_completion(whole(reasoning_content="\nHm.", thinking_blocks=blocks), applied.create_filters())  # type: ignore[arg-type]
    message = rewritten["choices"][0]["message"]
    assert message == {"role": "assistant", "reasoning": "\nHm.", "thinking_blocks": blocks}


def test_hidden_reasoning_leaves_nothing_but_the_answer() -> None:
    applied = apply({**HIDE, "split": True}, chat("Hi"))
    assert shape(applied, content="<think>a</think>b") == {"content": "b"}
    assert shape(applied, reasoning="a", content="<think>b</think>c") == {"content": "c"}
    assert shape(applied, reasoning="a", reasoning_content="a", content="c") == {"content": "c"}
    assert [each["delta"] for each in stream(applied, {"reasoning": "a"}, {"content": "b"})] == [{"content": "b"}, {}]


def test_inline_reasoning_is_hidden_only_with_split() -> None:
    assert shape(apply(HIDE, chat("Hi")), content="<think>a</think>b") == {"content": "<think>a</think>b"}


def test_a_chunk_of_hidden_reasoning_stays_if_it_has_more() -> None:
    received = stream(apply(HIDE, chat("Hi")), {"role": "assistant", "reasoning": "a"})
    assert received[0]["delta"] == {"role": "assistant"}


def test_tokens_of_hidden_reasoning_are_removed() -> None:
    tokens = {"logprobs": {"content": [{"token": "a"}]}, "token_ids": [1]}
    applied = apply({**HIDE, "split": True}, chat("Hi", logprobs=True))
    answer = whole(reasoning="a", content="b")
    answer["choices"][0] |= tokens
    rewritten = rewrite_completion(answer, applied.create_filters())["choices"][0]  # type: ignore[arg-type]
    assert (rewritten["logprobs"], rewritten["token_ids"]) == (None, None)
    assert [each["delta"] for each in stream(applied, {"reasoning": "a"}, **tokens)] == [{}]
    received = stream(applied, {"content": "<think>a</think>"}, {"content": "b"}, **tokens)
    assert all(each.get("logprobs") is None and each.get("token_ids") is None for each in received)


def test_tokens_of_an_answer_without_reasoning_stay() -> None:
    applied = apply({**HIDE, "split": True}, chat("Hi", logprobs=True))
    assert stream(applied, {"content": "b"}, logprobs={"content": []})[0]["logprobs"] == {"content": []}


def test_thinking_parts_are_hidden_renamed_or_inlined() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}, {"type": "text", "text": "b"}]
    for keys, expected in (
        ({"show": "hide"}, {"content": parts[1:]}),
        ({"field": "reasoning_content"}, {"reasoning_content": "a", "content": parts[1:]}),
        (
            {"field": "inline"},
            {"content": [{"type": "text", "text": "<think>\na"}, {"type": "text", "text": "\n</think>\n\nb"}]},
        ),
    ):
        applied = apply({"kind": "shape_reasoning", **keys}, chat("Hi"))
        rewritten = rewrite_completion(whole(content=parts), applied.create_filters())  # type: ignore[arg-type]
        assert rewritten["choices"][0]["message"] == {"role": "assistant", **expected}
        assert stream(applied, {"content": parts})[0]["delta"] == expected


def test_split_text_parts_become_thinking_parts() -> None:
    applied = apply(SPLIT, chat("Hi"))
    rewritten = rewrite_completion(
        whole(content=[{"type": "text", "text": "<think>a</think>b"}]),
        applied.create_filters(),  # type: ignore[arg-type]
    )
    assert rewritten["choices"][0]["message"]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "a"}]},
        {"type": "text", "text": "b"},
    ]


def test_content_beside_tool_calls_is_null_once_its_reasoning_has_moved() -> None:
    shaped = shape(apply(SPLIT, chat("Hi")), content="<think>a</think>", tool_calls=TOOL_CALLS)
    assert shaped == {"reasoning": "a", "content": None, "tool_calls": TOOL_CALLS}


def test_other_tags_can_be_set() -> None:
    applied = apply({**SPLIT, "open": "[THINK]", "close": "[/THINK]"}, chat("Hi"))
    assert shape(applied, content="[THINK]a[/THINK]<think>") == {"reasoning": "a", "content": "<think>"}


@pytest.mark.parametrize("endpoint", ["responses", "messages", "completions"])
def test_the_rule_acts_on_chat_only(endpoint: Any) -> None:
    assert apply(HIDE, {"model": "m", "input": "Hi", "prompt": "Hi", "messages": []}, endpoint).create_filters() is None


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, "the rule changes nothing"),
        ({"show": "hide", "field": "both"}, "field has no effect with show: hide"),
        ({"show": "hide", "opened": True}, "opened has no effect without split"),
    ],
)
def test_settings_without_effect_are_rejected(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        policy_of({"kind": "shape_reasoning", **keys})


def test_lint_reports_an_order_that_leaves_whitespace_or_has_no_effect() -> None:
    tidy, split, hide = policy_of(TIDY, SPLIT, {**HIDE, "name": "hide"}).rules
    assert [*split.lint([tidy])] == [
        "leaves whitespace at the start of the content: move it before 'filter-whitespace'"
    ]
    assert [*split.lint([hide])] == ["has no effect: 'hide' hides the reasoning; remove one of them"]
    assert [*hide.lint([tidy, split])] == []


def test_an_opening_must_be_restored_before_it_is_split() -> None:
    opening, split, hide = policy_of({"kind": "force_opening", "text": "<think>\n"}, SPLIT, {**HIDE, "name": "h"}).rules
    assert opening.must_precede(split) == "restores the beginning of the answer"
    assert opening.must_precede(hide) is None
