"""AppendSuffix: a text at the end of user turns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import Facts, Pipeline
from tests.support import apply, chat, policy_of, reason

TWO: dict[str, Any] = {"kind": "append_suffix", "text": {"en": "Think.", "zh": "请思考。"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def texts(rule: dict[str, Any], *messages: Any, **keys: Any) -> list[Any]:
    return [message["content"] for message in apply(rule, chat(*messages, **keys)).body["messages"]]


def test_every_user_turn_gets_it_by_default_and_no_other() -> None:
    assert texts(TWO, ("system", "S"), "U", ("assistant", "A"), "V") == ["S", "U\nThink.", "A", "V\nThink."]


def test_last_user_gets_it_alone_where_the_rule_says_so() -> None:
    assert texts({**TWO, "to": "last_user"}, "U", ("assistant", "A"), "V") == ["U", "A", "V\nThink."]


def test_the_language_of_each_turn_picks_the_text() -> None:
    assert texts(TWO, "你好吗", ("assistant", "A"), "Hello there") == ["你好吗\n请思考。", "A", "Hello there\nThink."]


def test_a_language_without_a_text_gets_the_first() -> None:
    assert texts(TWO, "Привет, как дела?") == ["Привет, как дела?\nThink."]


def test_a_plain_text_is_for_every_language() -> None:
    assert texts({"kind": "append_suffix", "text": "!"}, "你好") == ["你好\n!"]


@pytest.mark.parametrize("turn", ["U\nThink.", "你好\n请思考。", "Use 请思考。 here"])
def test_never_twice_in_whatever_language(turn: str) -> None:
    body = chat(turn)
    assert apply(TWO, body).body is body


def test_a_turn_that_contains_what_the_rule_names_is_left_alone() -> None:
    assert texts({**TWO, "unless_contains": ["\\boxed"]}, r"Give \boxed{x}", "V") == [r"Give \boxed{x}", "V\nThink."]


def test_in_a_part_list_the_last_text_part_gets_it() -> None:
    parts = [{"type": "text", "text": "U"}, {"type": "text", "text": "V"}, IMAGE]
    assert texts(TWO, ("user", parts)) == [[parts[0], {"type": "text", "text": "V\nThink."}, IMAGE]]
    assert parts[1] == {"type": "text", "text": "V"}


def test_an_image_alone_gets_a_text_part_beside_it() -> None:
    assert texts(TWO, ("user", [IMAGE])) == [[IMAGE, {"type": "text", "text": "Think."}]]


def test_a_tool_result_does_not_get_it() -> None:
    result = {"role": "tool", "tool_call_id": "1", "content": "4"}
    assert texts(TWO, "U", result) == ["U\nThink.", "4"]


@pytest.mark.parametrize(
    ("keys", "messages", "why"),
    [
        ({"response_format": {"type": "json_object"}}, ["U"], "JSON mode"),
        ({"guided_json": {}, "structured_outputs": {"regex": "a"}}, ["U"], "JSON mode"),
        ({}, ["U", ("assistant", "So")], "the client prefilled the answer"),
    ],
)
def test_it_is_skipped_with_a_reason(keys: dict[str, Any], messages: list[Any], why: str) -> None:
    body = chat(*messages, **keys)
    applied = apply(TWO, body)
    assert applied.body is body
    assert reason(applied) == why


MATH = {**TWO, "when": {"task": "math"}}


def test_the_task_is_asked_of_each_turn_by_itself() -> None:
    question = "Solve the equation 2x + 5 = 17 for x."
    assert texts(MATH, question, ("assistant", "6"), "Thanks a lot!") == [f"{question}\nThink.", "6", "Thanks a lot!"]


def test_the_callers_word_for_the_task_holds_for_the_last_turn_only() -> None:
    applied = apply(MATH, chat("Good morning!", ("assistant", "A"), "And now?"), facts=Facts(task="math"))
    assert [m["content"] for m in applied.body["messages"]] == ["Good morning!", "A", "And now?\nThink."]


def test_the_task_is_that_of_the_turn_as_it_came_and_not_of_folded_text() -> None:
    body = chat(("system", "Solve the equation 2x + 5 = 17 for x."), "Good morning!")
    sent = Pipeline(policy_of({"kind": "fold_system"}, MATH)).apply(body, "chat").body
    assert not sent["messages"][0]["content"].endswith("Think.")


def test_an_empty_text_is_refused_at_load() -> None:
    with pytest.raises(ValidationError):
        policy_of({"kind": "append_suffix", "text": {}})
