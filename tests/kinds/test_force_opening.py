"""ForceOpening: the answer begins with a text, and the client sees it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import Facts
from tests.support import apply, chat, content, policy_of, read, reason

THINK = {"kind": "force_opening", "text": "<think>\n"}
INSTRUCT = {
    "kind": "force_opening",
    "text": "\n",
    "method": "instruct",
    "instruction": {"en": "Begin with a newline.", "zh": "请以换行开头。"},
}


def test_a_prefill_is_a_last_assistant_message_and_two_flags() -> None:
    sent = apply(THINK, chat("Hi", add_generation_prompt=True)).body
    assert sent["messages"][-1] == {"role": "assistant", "content": "<think>\n"}
    assert sent["continue_final_message"] is True
    assert sent["add_generation_prompt"] is False


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "tools"),
        ({"response_format": {"type": "json_schema"}}, "JSON mode"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 2}, "logprobs"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "thinking is turned off"),
        ({"chat_template_kwargs": {"thinking": False}}, "thinking is turned off"),
        ({"reasoning_effort": "none"}, "thinking is turned off"),
        ({"reasoning": {"effort": "none"}}, "thinking is turned off"),
        ({"thinking": {"type": "disabled"}}, "thinking is turned off"),
        ({"thinking_token_budget": 0}, "thinking is turned off"),
        ({"continue_final_message": True}, "the client prefilled the answer"),
    ],
)
@pytest.mark.parametrize("rule", [THINK, INSTRUCT], ids=["prefill", "instruct"])
def test_it_is_skipped_with_a_reason(rule: dict[str, Any], keys: dict[str, Any], why: str) -> None:
    body = chat("Hi", **keys)
    applied = apply(rule, body)
    assert applied.body is body
    assert reason(applied) == why


def test_a_last_assistant_message_is_the_clients_prefill() -> None:
    body = chat("Hi", ("assistant", "Well"))
    assert apply(THINK, body).body is body


def test_without_messages_there_is_nothing_to_open() -> None:
    assert reason(apply(THINK, {"model": "m", "messages": []})) == "no messages"


@pytest.mark.parametrize("keys", [{"tools": []}, {"response_format": {"type": "text"}}, {"logprobs": False}])
def test_switches_that_are_off_do_not_stop_it(keys: dict[str, Any]) -> None:
    assert apply(THINK, chat("Hi", **keys)).decision.fired == ("force-opening",)


def test_the_prefill_is_put_back_before_the_first_content() -> None:
    assert content(apply(THINK, chat("Hi")), "", "Hm.", "</think>", "Blue.") == "<think>\nHm.</think>Blue."


def test_the_first_content_may_be_whitespace() -> None:
    assert content(apply(THINK, chat("Hi")), "\n", "Hm.") == "<think>\n\nHm."


def test_it_is_not_put_back_after_reasoning() -> None:
    assert read(apply(THINK, chat("Hi")), ("reasoning", "Hm."), "Blue.") == {"reasoning": "Hm.", "content": "Blue."}


def test_empty_reasoning_does_not_count() -> None:
    assert content(apply(THINK, chat("Hi")), ("reasoning", ""), "Blue.") == "<think>\nBlue."


def test_it_is_not_put_into_an_empty_answer() -> None:
    assert content(apply(THINK, chat("Hi")), "", "") == ""


@pytest.mark.parametrize(
    ("keys", "why"),
    [({"include_reasoning": False}, "include_reasoning is false"), ({"echo": True}, "echo is true")],
)
def test_it_is_not_put_back_where_the_request_forbids_it(keys: dict[str, Any], why: str) -> None:
    applied = apply(THINK, chat("Hi", **keys))
    assert content(applied, "Hm.") == "Hm."
    assert (applied.decision.outcomes[0].result, reason(applied)) == ("fired", why)


def test_it_is_not_put_back_behind_a_known_reasoning_parser() -> None:
    applied = apply(THINK, chat("Hi"), facts=Facts(has_reasoning_parser=True))
    assert content(applied, "Blue.") == "Blue."


def test_it_is_not_put_back_where_the_rule_says_so() -> None:
    assert content(apply({**THINK, "restore": False}, chat("Hi")), "Hm.") == "Hm."


def test_the_clients_own_prefill_is_not_put_back() -> None:
    assert content(apply(THINK, chat("Hi", ("assistant", "<think>\n"))), "Hm.") == "Hm."


@pytest.mark.parametrize(("turn", "told"), [("Hello", "Begin with a newline."), ("你好", "请以换行开头。")])
def test_an_instruction_goes_to_the_last_user_turn_in_its_language(turn: str, told: str) -> None:
    applied = apply(INSTRUCT, chat("First", ("assistant", "A"), turn))
    assert [m["content"] for m in applied.body["messages"]] == ["First", "A", f"{turn}\n{told}"]
    assert content(applied, "\nBlue.") == "\nBlue."


def test_an_instruction_is_not_given_twice() -> None:
    body = chat("Hello\nBegin with a newline.")
    assert apply(INSTRUCT, body).body is body


def test_without_a_user_turn_there_is_nobody_to_instruct() -> None:
    assert reason(apply(INSTRUCT, chat(("system", "S")))) == "no user turn"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({**THINK, "method": "instruct"}, "needs an instruction"),
        ({**THINK, "instruction": "Think."}, "is for method: instruct"),
    ],
)
def test_method_and_instruction_must_fit(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy_of(rule)


def test_it_does_not_act_on_text_completions() -> None:
    body = {"model": "m", "prompt": "Once"}
    assert apply(THINK, body, "completions").body is body
