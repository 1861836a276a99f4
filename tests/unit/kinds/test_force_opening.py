"""ForceOpening: the answer begins with a text, which the client receives."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prompt_policy import RequestContext
from prompt_policy.wire.capabilities import Capability
from tests.support.policies import apply, chat, content, policy_of, probe_findings, read, reason

THINK = {"kind": "force_opening", "text": "<think>\n"}
TEMPLATE = {**THINK, "method": "template"}
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
    ("keys", "skip_reason"),
    [
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "tools"),
        ({"response_format": {"type": "json_schema"}}, "JSON mode"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 2}, "logprobs"),
        ({"return_token_ids": True}, "return_token_ids"),
        ({"n_probs": 3}, "n_probs"),
        ({"grammar": "root ::= [a-z]+"}, "JSON mode"),
        ({"regex": "a+"}, "JSON mode"),
        ({"guided_json": {}}, "JSON mode"),
        ({"format": "json"}, "JSON mode"),
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
def test_the_rule_is_skipped_with_a_reason(rule: dict[str, Any], keys: dict[str, Any], skip_reason: str) -> None:
    body = chat("Hi", **keys)
    applied = apply(rule, body)
    assert applied.body is body
    assert reason(applied) == skip_reason


def test_a_last_assistant_message_is_the_clients_prefill() -> None:
    body = chat("Hi", ("assistant", "Well"))
    assert apply(THINK, body).body is body


def test_the_rule_is_skipped_without_messages() -> None:
    assert reason(apply(THINK, {"model": "m", "messages": []})) == "no messages"


@pytest.mark.parametrize(
    "keys",
    [
        {"tools": []},
        {"response_format": {"type": "text"}},
        {"logprobs": False},
        {"format": "markdown"},
        {"regex": None},
        {"json_schema": False},
        {"return_token_ids": False},
    ],
)
def test_options_that_are_off_do_not_skip_the_rule(keys: dict[str, Any]) -> None:
    assert apply(THINK, chat("Hi", **keys)).decision.fired == ("force-opening",)


def test_the_prefill_is_restored_before_the_first_content() -> None:
    assert content(apply(THINK, chat("Hi")), "", "Hm.", "</think>", "Blue.") == "<think>\nHm.</think>Blue."


def test_the_first_content_may_be_whitespace() -> None:
    assert content(apply(THINK, chat("Hi")), "\n", "Hm.") == "<think>\n\nHm."


def test_the_prefill_is_not_restored_after_reasoning() -> None:
    assert read(apply(THINK, chat("Hi")), ("reasoning", "Hm."), "Blue.") == {"reasoning": "Hm.", "content": "Blue."}


def test_the_prefill_is_restored_after_empty_reasoning() -> None:
    assert content(apply(THINK, chat("Hi")), ("reasoning", ""), "Blue.") == "<think>\nBlue."


def test_the_prefill_is_not_restored_in_an_empty_answer() -> None:
    assert content(apply(THINK, chat("Hi")), "", "") == ""


@pytest.mark.parametrize(
    ("keys", "skip_reason"),
    [
        ({"include_reasoning": False}, "include_reasoning is false"),
        ({"reasoning": {"exclude": True}}, "reasoning.exclude is true"),
        ({"reasoning_format": "hidden"}, "reasoning_format is hidden"),
        ({"echo": True}, "echo is true"),
    ],
)
def test_the_prefill_is_not_restored_if_the_request_prevents_it(keys: dict[str, Any], skip_reason: str) -> None:
    applied = apply(THINK, chat("Hi", **keys))
    assert content(applied, "Hm.") == "Hm."
    assert (applied.decision.outcomes[0].result, reason(applied)) == ("fired", skip_reason)


def test_the_prefill_is_not_restored_with_a_reasoning_parser() -> None:
    applied = apply(THINK, chat("Hi"), context=RequestContext(has_reasoning_parser=True))
    assert content(applied, "Blue.") == "Blue."


def test_restore_false_does_not_restore_the_prefill() -> None:
    assert content(apply({**THINK, "restore": False}, chat("Hi")), "Hm.") == "Hm."


def test_a_client_prefill_is_not_restored() -> None:
    assert content(apply(THINK, chat("Hi", ("assistant", "<think>\n"))), "Hm.") == "Hm."


@pytest.mark.parametrize(
    "answer", ["<think>\nOkay</think>Hi", "\n<think>Okay</think>Hi", "<think>Okay", "<think>\n\n</think>\n\nHi"]
)
@pytest.mark.parametrize("rule", [THINK, TEMPLATE], ids=["prefill", "template"])
def test_an_answer_with_the_opening_gets_no_second_one(rule: dict[str, Any], answer: str) -> None:
    assert content(apply(rule, chat("Hi")), answer) == content(apply(rule, chat("Hi")), *answer) == answer


@pytest.mark.parametrize("keys", [{}, {"tools": [{"type": "function"}]}, {"temperature": 1}])
def test_the_opening_of_the_template_is_restored_and_nothing_sent(keys: dict[str, Any]) -> None:
    body = chat("Hi", **keys)
    applied = apply(TEMPLATE, body)
    assert applied.body is body
    assert applied.decision.fired == ()
    assert content(applied, "Hm.", "</think>", "Blue.") == "<think>\nHm.</think>Blue."


@pytest.mark.parametrize(
    ("keys", "skip_reason"),
    [
        ({"response_format": {"type": "json_object"}}, "JSON mode"),
        ({"ebnf": "root ::= [a-z]+"}, "JSON mode"),
        ({"logprobs": True}, "logprobs"),
        ({"return_token_ids": True}, "return_token_ids"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "thinking is turned off"),
        ({"enable_thinking": False}, "thinking is turned off"),
        ({"reasoning_effort": "none"}, "thinking is turned off"),
        ({"continue_final_message": True, "add_generation_prompt": False}, "the client prefilled the answer"),
        ({"messages": [{"role": "assistant", "content": "<think>\n"}]}, "the client prefilled the answer"),
        ({"messages": []}, "no messages"),
        ({"add_generation_prompt": False}, "add_generation_prompt is false"),
        ({"chat_template": "{{ messages }}"}, "the request replaces the chat template"),
        ({"include_reasoning": False}, "include_reasoning is false"),
        ({"reasoning": {"exclude": True}}, "reasoning.exclude is true"),
    ],
)
def test_an_opening_that_the_template_does_not_write_is_not_restored(keys: dict[str, Any], skip_reason: str) -> None:
    applied = apply(TEMPLATE, chat("Hi") | keys)
    assert content(applied, "Blue.") == "Blue."
    assert (applied.decision.outcomes[0].result, reason(applied)) == ("skipped", skip_reason)


def test_the_opening_of_the_template_is_not_restored_after_reasoning() -> None:
    assert read(apply(TEMPLATE, chat("Hi")), ("reasoning", "Hm."), "Blue.") == {"reasoning": "Hm.", "content": "Blue."}
    parsed = apply(TEMPLATE, chat("Hi"), context=RequestContext(has_reasoning_parser=True))
    assert content(parsed, "Blue.") == "Blue."


def test_the_opening_of_the_template_is_restored_on_messages() -> None:
    applied = apply(
        TEMPLATE, {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}, "messages"
    )
    assert content(applied, "Hm.") == "<think>\nHm."


def test_a_condition_can_restrict_the_opening_of_the_template() -> None:
    rule = {**TEMPLATE, "when": {"model": ["*GLM-4.7*"]}}
    assert content(apply(rule, chat("Hi", model="zai-org/GLM-4.7-Flash")), "Hm.") == "<think>\nHm."
    assert content(apply(rule, chat("Hi", model="zai-org/GLM-4.6")), "Hm.") == "Hm."


@pytest.mark.parametrize(("turn", "instruction"), [("Hello", "Begin with a newline."), ("你好", "请以换行开头。")])
def test_the_last_user_turn_gets_the_instruction_in_its_language(turn: str, instruction: str) -> None:
    applied = apply(INSTRUCT, chat("First", ("assistant", "A"), turn))
    assert [m["content"] for m in applied.body["messages"]] == ["First", "A", f"{turn}\n{instruction}"]
    assert content(applied, "\nBlue.") == "\nBlue."


def test_an_instruction_is_not_appended_twice() -> None:
    body = chat("Hello\nBegin with a newline.")
    assert apply(INSTRUCT, body).body is body


def test_instruct_is_skipped_without_a_user_turn() -> None:
    assert reason(apply(INSTRUCT, chat(("system", "S")))) == "no user turn"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({**THINK, "method": "instruct"}, "needs an instruction"),
        ({**THINK, "instruction": "Think."}, "no effect with method: prefill"),
        ({**TEMPLATE, "instruction": "Think."}, "no effect with method: template"),
        ({**TEMPLATE, "restore": False}, "no effect with restore: false"),
    ],
)
def test_method_and_instruction_must_agree(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        policy_of(rule)


def test_the_rule_is_skipped_on_text_completions() -> None:
    body = {"model": "m", "prompt": "Once"}
    assert apply(THINK, body, "completions").body is body


def test_a_prefill_that_the_template_changes_is_incompatible() -> None:
    changed = {"<think>\n": "turned into '<think>'"}

    assert probe_findings(THINK, prefill=changed) == [
        ("the prefilled '<think>\\n' is turned into '<think>'; remove the rule, or use method: instruct", True)
    ]
    assert probe_findings(INSTRUCT, prefill=changed) == probe_findings(THINK) == []


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        ({"opening": "<think>\n"}, "not needed: the template already opens with '<think>\\n'"),
        ({"has_reasoning_parser": True}, "configure that in the host"),
    ],
)
def test_an_opening_that_would_appear_twice_is_reported(traits: dict[str, Any], message: str) -> None:
    (finding,) = probe_findings(THINK, **traits)

    assert message in finding.message
    assert not finding.is_incompatible
    assert probe_findings(INSTRUCT, **traits) == []


def test_a_prefill_that_is_not_restored_does_not_appear_twice() -> None:
    assert probe_findings({**THINK, "restore": False}, has_reasoning_parser=True) == []


@pytest.mark.parametrize(
    ("opening", "message", "is_incompatible"),
    [
        ("<think>", "the template opens with '<think>', not with '<think>\\n'; set the rule's text", False),
        ("<thought>\n", "opens with '<thought>\\n', not with '<think>\\n'; remove the rule", True),
        ("nothing", "the template opens with nothing, not with '<think>\\n'; remove the rule", True),
    ],
)
def test_a_template_that_does_not_write_the_opening_is_reported(
    opening: str, message: str, is_incompatible: bool
) -> None:
    (finding,) = probe_findings(TEMPLATE, opening=opening)

    assert message in finding.message
    assert finding.is_incompatible is is_incompatible


@pytest.mark.parametrize("opening", ["", "<think>\n"])
def test_a_template_that_writes_the_opening_is_not_reported(opening: str) -> None:
    assert probe_findings(TEMPLATE, opening=opening, prefill={"<think>\n": "turned into ''"}) == []


def test_only_the_template_method_acts_with_tools() -> None:
    for rule, flags in ((THINK, {"has_tools", "json_mode"}), (TEMPLATE, {"json_mode"})):
        assert policy_of(rule).rules[0].skip_flags == flags


ONE_WORD = "What is 2 + 2? Answer with one word."
NEWLINE = {"kind": "force_opening", "text": "\n"}


@pytest.mark.parametrize(
    "rule", [NEWLINE, INSTRUCT, {**NEWLINE, "text": "<answer>"}], ids=["prefill", "instruct", "tag"]
)
@pytest.mark.parametrize("messages", [[ONE_WORD], [("system", "Answer with one word."), "Hi"], ["2加2？只回答数字"]])
def test_an_opening_of_the_answer_is_skipped_if_the_form_is_dictated(rule: dict[str, Any], messages: list[Any]) -> None:
    body = chat(*messages)
    applied = apply(rule, body)
    assert applied.body is body
    assert reason(applied) == "the text dictates the answer's format"


def test_no_opening_of_the_template_is_restored_if_the_form_is_dictated() -> None:
    applied = apply({**NEWLINE, "method": "template"}, chat(ONE_WORD))
    assert reason(applied) == "the text dictates the answer's format"
    assert applied.create_filters() is None


@pytest.mark.parametrize("text", ["<think>\n", "<thought>\n", "[THINK]", "<seed:think>", "\n<reasoning>"])
@pytest.mark.parametrize("method", ["prefill", "template"])
def test_reasoning_precedes_the_answer_and_is_opened_anyway(text: str, method: str) -> None:
    applied = apply({"kind": "force_opening", "text": text, "method": method}, chat(ONE_WORD))
    assert reason(applied) is None
    assert content(applied, "Four") == text + "Four"


@pytest.mark.parametrize(("expected", "prefills"), [(True, True), (False, False)])
def test_a_condition_on_the_form_replaces_the_default(expected: bool, prefills: bool) -> None:
    for rule in (NEWLINE, THINK):
        applied = apply({**rule, "when": {"format_dictated": expected}}, chat(ONE_WORD))
        assert (len(applied.body["messages"]) == 2) is prefills


@pytest.mark.parametrize(
    ("keys", "capability", "is_skipped"),
    [
        ({}, "prefill", True),
        ({}, "visible_answer", True),
        ({"restore": False}, "visible_answer", False),
    ],
)
def test_a_prefill_needs_a_server_that_continues_it_and_a_visible_answer(
    keys: dict[str, Any], capability: Capability, is_skipped: bool
) -> None:
    body = chat("Hi")
    context = RequestContext(obstacles={capability: "it is missing here"})
    applied = apply({**THINK, **keys}, body, context=context)
    assert (applied.body is body) is is_skipped
    assert reason(applied) == ("it is missing here" if is_skipped else None)
