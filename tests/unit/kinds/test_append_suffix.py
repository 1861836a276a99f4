"""AppendSuffix: a text is appended to user turns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import Pipeline, RequestContext
from tests.support.policies import apply, chat, policy_of, reason

TWO: dict[str, Any] = {"kind": "append_suffix", "text": {"en": "Think.", "zh": "请思考。"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def texts(rule: dict[str, Any], *messages: Any, **keys: Any) -> list[Any]:
    return [message["content"] for message in apply(rule, chat(*messages, **keys)).body["messages"]]


def test_every_user_turn_gets_the_suffix_by_default() -> None:
    assert texts(TWO, ("system", "S"), "U", ("assistant", "A"), "V") == ["S", "U\nThink.", "A", "V\nThink."]


def test_last_user_appends_to_the_last_user_turn_only() -> None:
    assert texts({**TWO, "to": "last_user"}, "U", ("assistant", "A"), "V") == ["U", "A", "V\nThink."]


def test_the_language_of_each_turn_selects_the_text() -> None:
    assert texts(TWO, "你好吗", ("assistant", "A"), "Hello there") == ["你好吗\n请思考。", "A", "Hello there\nThink."]


def test_a_language_without_a_text_gets_the_first_text() -> None:
    assert texts(TWO, "Привет, как дела?") == ["Привет, как дела?\nThink."]


def test_a_single_text_is_for_every_language() -> None:
    assert texts({"kind": "append_suffix", "text": "!"}, "你好") == ["你好\n!"]


@pytest.mark.parametrize("turn", ["U\nThink.", "你好\n请思考。", "Use 请思考。 here"])
def test_a_turn_with_any_of_the_texts_is_not_changed(turn: str) -> None:
    body = chat(turn)
    assert apply(TWO, body).body is body


def test_unless_contains_excludes_turns() -> None:
    assert texts({**TWO, "unless_contains": ["\\boxed"]}, r"Give \boxed{x}", "V") == [r"Give \boxed{x}", "V\nThink."]


def test_the_last_text_part_gets_the_suffix() -> None:
    parts = [{"type": "text", "text": "U"}, {"type": "text", "text": "V"}, IMAGE]
    assert texts(TWO, ("user", parts)) == [[parts[0], {"type": "text", "text": "V\nThink."}, IMAGE]]
    assert parts[1] == {"type": "text", "text": "V"}


def test_a_turn_with_only_an_image_gets_a_text_part() -> None:
    assert texts(TWO, ("user", [IMAGE])) == [[IMAGE, {"type": "text", "text": "Think."}]]


def test_a_tool_result_is_not_changed() -> None:
    result = {"role": "tool", "tool_call_id": "1", "content": "4"}
    assert texts(TWO, "U", result) == ["U\nThink.", "4"]


@pytest.mark.parametrize(
    ("keys", "messages", "skip_reason"),
    [
        ({"response_format": {"type": "json_object"}}, ["U"], "JSON mode"),
        ({"guided_json": {}, "structured_outputs": {"regex": "a"}}, ["U"], "JSON mode"),
        ({}, ["U", ("assistant", "So")], "the client prefilled the answer"),
    ],
)
def test_the_rule_is_skipped_with_a_reason(keys: dict[str, Any], messages: list[Any], skip_reason: str) -> None:
    body = chat(*messages, **keys)
    applied = apply(TWO, body)
    assert applied.body is body
    assert reason(applied) == skip_reason


MATH = {**TWO, "when": {"task": "math"}}


def test_the_task_of_each_turn_is_evaluated_separately() -> None:
    question = "Solve the equation 2x + 5 = 17 for x."
    assert texts(MATH, question, ("assistant", "6"), "Thanks a lot!") == [f"{question}\nThink.", "6", "Thanks a lot!"]


def test_a_task_set_by_the_caller_holds_for_the_last_turn_only() -> None:
    applied = apply(MATH, chat("Good morning!", ("assistant", "A"), "And now?"), context=RequestContext(task="math"))
    assert [m["content"] for m in applied.body["messages"]] == ["Good morning!", "A", "And now?\nThink."]


def test_the_task_is_classified_without_folded_text() -> None:
    body = chat(("system", "Solve the equation 2x + 5 = 17 for x."), "Good morning!")
    sent = Pipeline(policy_of({"kind": "fold_system"}, MATH)).apply(body, "chat").body
    assert not sent["messages"][0]["content"].endswith("Think.")


def test_an_empty_text_is_rejected_at_load() -> None:
    with pytest.raises(ValidationError):
        policy_of({"kind": "append_suffix", "text": {}})


@pytest.mark.parametrize(
    "part", [{"type": "refusal", "refusal": "THINK HARD"}, {"type": "thinking", "thinking": "THINK HARD"}]
)
def test_a_text_in_a_part_of_any_type_counts_as_present(part: dict[str, str]) -> None:
    body = chat(("user", [{"type": "text", "text": "Hi"}, part]))
    assert apply({"kind": "append_suffix", "text": "Think.", "unless_contains": ["HARD"]}, body).body is body
    sent = apply({"kind": "append_suffix", "text": "Think."}, body).body["messages"]
    assert sent == [{"role": "user", "content": [{"type": "text", "text": "Hi\nThink."}, part]}]


WORD = "Answer with one word."


@pytest.mark.parametrize(
    "messages",
    [
        [f"What is 2 + 2? {WORD}"],
        [("system", WORD), "What is 2 + 2?"],
        ["2加2等于几？只回答数字"],
        [r"What is 2 + 2? Put the answer in \boxed{}."],
    ],
)
def test_a_turn_that_dictates_the_form_gets_no_suffix(messages: list[Any]) -> None:
    body = chat(*messages)
    applied = apply(TWO, body)
    assert applied.body is body
    assert reason(applied) == "the text dictates the answer's format"


def test_each_turn_dictates_the_form_of_its_own_answer() -> None:
    first = f"What is 2 + 2? {WORD}"
    assert texts(TWO, first, ("assistant", "Four"), "Why?") == [first, "Four", "Why?\nThink."]


@pytest.mark.parametrize(
    ("when", "turns"),
    [
        ({"format_dictated": True}, [f"Hi. {WORD}\nThink.", "Hi."]),
        ({"format_dictated": False}, [f"Hi. {WORD}", "Hi.\nThink."]),
        ({"any": [{"format_dictated": True}, {"task": "other"}]}, [f"Hi. {WORD}\nThink.", "Hi.\nThink."]),
    ],
)
def test_a_condition_on_the_form_replaces_the_default(when: dict[str, Any], turns: list[str]) -> None:
    assert texts({**TWO, "when": when}, f"Hi. {WORD}", ("assistant", "A"), "Hi.") == [turns[0], "A", turns[1]]


def test_a_folded_system_message_dictates_the_form_in_a_second_host() -> None:
    pipeline = Pipeline(policy_of({"kind": "fold_system"}, TWO))
    once = pipeline.apply(chat(("system", WORD), "Hi", ("assistant", "A"), "Why?"), "chat").body
    assert [message["content"] for message in once["messages"]] == [f"{WORD}\n\nHi", "A", "Why?"]
    assert pipeline.apply(once, "chat").body is once


def test_a_merged_turn_that_dictates_the_form_gets_no_suffix() -> None:
    sent = Pipeline(policy_of({"kind": "merge_turns"}, TWO)).apply(chat("Hi.", WORD), "chat").body
    assert [message["content"] for message in sent["messages"]] == [f"Hi.\n\n{WORD}"]
