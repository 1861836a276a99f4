"""FoldSystem: system and developer messages are moved into user turns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.policies import apply, chat, policy_of, probe_findings

FIRST = {"kind": "fold_system"}
LAST = {"kind": "fold_system", "into": "last_user"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "4"}


def fold(rule: dict[str, Any], *messages: Any) -> list[Any]:
    sent = apply(rule, chat(*messages)).body["messages"]
    return [
        (m["role"], m["content"]) if isinstance(m, dict) and m["role"] in ("user", "assistant") else m for m in sent
    ]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_text_is_moved_before_the_first_user_text(role: str) -> None:
    assert fold(FIRST, (role, "S"), "U", ("assistant", "A"), "V") == [
        ("user", "S\n\nU"), ("assistant", "A"), ("user", "V"),
    ]  # fmt: skip


def test_last_user_moves_all_texts_to_the_last_user_turn() -> None:
    assert fold(LAST, ("system", "S"), "U", ("assistant", "A"), ("system", "T"), "V", ("system", "W")) == [
        ("user", "U"), ("assistant", "A"), ("user", "S\n\nT\n\nW\n\nV"),
    ]  # fmt: skip


def test_several_texts_are_joined_in_order_with_the_separator() -> None:
    rule = {**FIRST, "separator": " | "}
    assert fold(rule, ("system", "S"), ("developer", "T"), "U") == [("user", "S | T | U")]


def test_a_later_message_is_moved_to_the_next_user_turn() -> None:
    assert fold(FIRST, "U", ("assistant", "A"), ("system", "S"), "V") == [
        ("user", "U"), ("assistant", "A"), ("user", "S\n\nV"),
    ]  # fmt: skip


def test_without_a_user_turn_the_text_becomes_one() -> None:
    assert fold(FIRST, ("system", "S")) == [("user", "S")]
    assert fold(LAST, ("system", "S"), ("system", "T")) == [("user", "S\n\nT")]


def test_a_text_before_the_client_prefill_becomes_a_user_turn() -> None:
    assert fold(FIRST, ("system", "S"), ("assistant", "A")) == [("user", "S"), ("assistant", "A")]


def test_a_final_text_is_appended_to_the_user_turn_before_it() -> None:
    assert fold(FIRST, "U", ("system", "S")) == [("user", "U\n\nS")]


def test_a_text_after_the_last_answer_becomes_a_user_turn() -> None:
    assert fold(FIRST, "U", ("assistant", "A"), ("system", "S")) == [("user", "U"), ("assistant", "A"), ("user", "S")]


def test_a_text_before_tool_results_is_moved_after_them() -> None:
    sent = apply(FIRST, chat("U", CALL, ("system", "S"), RESULT)).body["messages"]
    assert sent == [{"role": "user", "content": "U"}, CALL, RESULT, {"role": "user", "content": "S"}]


def test_tool_calls_and_results_are_not_changed() -> None:
    sent = apply(FIRST, chat(("system", "S"), "U", CALL, RESULT, "V")).body["messages"]
    assert sent[1:3] == [CALL, RESULT]


def test_user_turns_separated_by_a_system_message_are_merged() -> None:
    assert fold(FIRST, "U", ("system", "S"), "V") == [("user", "U\n\nS\n\nV")]


def test_adjacent_user_turns_of_the_client_are_not_merged() -> None:
    assert fold(FIRST, ("system", "S"), "U", "V") == [("user", "S\n\nU"), ("user", "V")]


def test_a_list_of_parts_keeps_its_images() -> None:
    parts = [IMAGE, {"type": "text", "text": "What is this?"}]
    assert fold(FIRST, ("system", "S"), ("user", parts)) == [("user", [{"type": "text", "text": "S"}, *parts])]


def test_adjacent_text_parts_are_merged() -> None:
    parts = [{"type": "text", "text": "What is this?"}, IMAGE]
    assert fold(FIRST, ("system", [{"type": "text", "text": "S"}]), ("user", parts)) == [
        ("user", [{"type": "text", "text": "S\n\nWhat is this?"}, IMAGE])
    ]


def test_an_image_in_a_system_message_is_kept() -> None:
    assert fold(FIRST, ("system", [{"type": "text", "text": "S"}, IMAGE]), "U") == [
        ("user", [{"type": "text", "text": "S"}, IMAGE, {"type": "text", "text": "U"}])
    ]


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_system_message_is_removed(empty: Any) -> None:
    assert fold(FIRST, ("system", empty), "U") == [("user", "U")]


def test_a_user_turn_without_content_becomes_the_text() -> None:
    assert fold(FIRST, ("system", "S"), ("user", None)) == [("user", "S")]


@pytest.mark.parametrize("malformed", [3, {"a": 1}, True])
def test_a_malformed_message_is_left_to_the_server(malformed: Any) -> None:
    body = chat(("system", malformed), "U")
    assert apply(FIRST, body).body is body


def test_without_a_system_message_nothing_changes() -> None:
    body = chat("U")
    assert apply(FIRST, body).body is body


def test_the_rule_is_skipped_on_text_completions() -> None:
    applied = apply(FIRST, {"model": "m", "prompt": "Once"}, "completions")
    assert applied.decision.outcomes[0].result == "skipped"


@pytest.mark.parametrize("into", ["first_user", "last_user"])
def test_a_conversation_of_thousands_of_turns_is_folded_in_order(into: str) -> None:
    messages = [(role, f"{role} {n}") for n in range(20_000) for role in ("system", "user")]

    (message,) = apply({"kind": "fold_system", "into": into}, chat(*messages)).body["messages"]

    texts = message["content"].split("\n\n")
    assert sorted(texts) == sorted(content for _, content in messages)
    assert [text for text in texts if text.startswith("user")] == [content for role, content in messages[1::2]]
    assert into == "last_user" or texts == [content for _, content in messages]


def test_a_template_that_keeps_system_messages_is_reported() -> None:
    (finding,) = probe_findings(FIRST, keeps_system_messages=True)

    assert (finding.message.partition(",")[0], finding.is_incompatible) == ("not needed by the template", False)
    assert probe_findings(FIRST) == []


LATER = {"kind": "fold_system", "which": "later"}
INTO_SYSTEM = {"kind": "fold_system", "into": "first_system"}


@pytest.mark.parametrize("into", ["first_user", "next_user"])
def test_a_text_before_an_answer_stays_in_its_place(into: str) -> None:
    """The next request repeats the prompt, so that the prefix cache holds."""
    rule = {"kind": "fold_system", "into": into}
    assert fold(rule, "U", ("system", "S")) == [("user", "U\n\nS")]
    assert fold(rule, "U", ("system", "S"), ("assistant", "A"), "V") == [
        ("user", "U\n\nS"), ("assistant", "A"), ("user", "V"),
    ]  # fmt: skip
    assert fold(rule, "U", ("assistant", "A"), ("system", "S"), ("assistant", "B"), "V") == [
        ("user", "U"), ("assistant", "A"), ("user", "S"), ("assistant", "B"), ("user", "V"),
    ]  # fmt: skip


def test_the_system_prompt_passes_a_greeting_only_into_the_first_user_turn() -> None:
    messages = (("system", "S"), ("assistant", "A"), "U")
    assert fold(FIRST, *messages) == [("assistant", "A"), ("user", "S\n\nU")]
    assert fold({**FIRST, "into": "next_user"}, *messages) == [("user", "S"), ("assistant", "A"), ("user", "U")]


@pytest.mark.parametrize("last", [[], [("assistant", "A")], [("assistant", "A"), "V"]])
def test_next_user_keeps_a_tool_loop_in_one_turn(last: list[Any]) -> None:
    sent = apply({**FIRST, "into": "next_user"}, chat("U", CALL, RESULT, ("system", "S"), *last)).body["messages"]
    assert sent == chat("U\n\nS", CALL, RESULT, *last)["messages"]


def test_next_user_without_a_question_begins_a_turn_after_the_results() -> None:
    sent = apply({**FIRST, "into": "next_user"}, chat(CALL, ("system", "S"), RESULT)).body["messages"]
    assert sent == chat(CALL, RESULT, "S")["messages"]


def test_later_messages_move_and_those_at_the_start_stay() -> None:
    messages = (("system", "S"), ("system", "T"), "U", ("assistant", "A"), ("system", "V"), "W")
    assert fold(LATER, *messages)[2:] == [("user", "U"), ("assistant", "A"), ("user", "V\n\nW")]
    assert fold(LATER, *messages)[:2] == chat(*messages)["messages"][:2]


@pytest.mark.parametrize(
    "messages",
    [
        [("system", "S"), "U"],
        [("system", "S"), "U", ("assistant", "A"), "V"],
        [("system", [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}]), "U"],
        [("system", ""), "U"],
        ["U", "V"],
        [("system", "S"), {"role": "user", "name": "ann", "content": [IMAGE]}],
        [("system", "S"), "U", CALL, RESULT],
        [("system", "S"), "U", ("assistant", "A")],
        [("system", "S")],
        ["U", ("system", 3), "V"],
        [3, "U"],
    ],
)
@pytest.mark.parametrize("into", ["first_user", "last_user", "next_user", "first_system"])
def test_requests_without_a_later_message_pass_unchanged(messages: list[Any], into: str) -> None:
    body = chat(*messages)
    assert apply({**LATER, "into": into}, body).body is body


def test_every_message_is_merged_into_the_first() -> None:
    messages = (("system", "S"), "U", ("developer", "T"), ("assistant", "A"), ("system", "V"))
    assert fold(INTO_SYSTEM, *messages) == [
        {"role": "system", "content": "S\n\nT\n\nV"}, ("user", "U"), ("assistant", "A"),
    ]  # fmt: skip
    assert fold({**LATER, "into": "first_system"}, *messages) == fold(INTO_SYSTEM, *messages)


def test_a_first_system_message_is_built_if_there_is_none() -> None:
    assert fold(INTO_SYSTEM, "U", ("system", "S")) == [{"role": "system", "content": "S"}, ("user", "U")]


@pytest.mark.parametrize("rule", [LATER, {"kind": "fold_system", "which": "none"}, INTO_SYSTEM])
def test_a_developer_message_that_stays_becomes_a_system_message(rule: dict[str, Any]) -> None:
    assert fold(rule, ("developer", "D"), "U") == [{"role": "system", "content": "D"}, ("user", "U")]


def test_which_none_moves_only_developer_messages() -> None:
    rule = {"kind": "fold_system", "which": "none", "developer": "fold"}
    system = {"role": "system", "content": "S"}
    assert fold(rule, system, ("developer", "D"), "U", ("assistant", "A"), system, "V") == [
        system, ("user", "D\n\nU"), ("assistant", "A"), system, ("user", "V"),
    ]  # fmt: skip


def test_developer_fold_moves_those_at_the_start() -> None:
    assert fold({**LATER, "developer": "fold"}, ("developer", "D"), "U") == [("user", "D\n\nU")]


@pytest.mark.parametrize("which", ["all", "later"])
def test_developer_keep_leaves_developer_messages(which: str) -> None:
    developer = {"role": "developer", "content": "D"}
    rule = {"kind": "fold_system", "which": which, "developer": "keep"}
    body = chat(developer, "U", ("assistant", "A"), developer, "V")
    assert apply(rule, body).body is body
    sent = fold(rule, "U", ("assistant", "A"), ("system", "S"), developer, "V")
    assert sent == [("user", "U"), ("assistant", "A"), developer, ("user", "S\n\nV")]


def test_a_rule_without_effect_is_refused() -> None:
    with pytest.raises(ValidationError, match="has no effect with which: none and developer: keep"):
        policy_of({"kind": "fold_system", "which": "none", "developer": "keep"})


@pytest.mark.parametrize(("keys", "into"), [({}, "first_user"), ({"which": "later"}, "next_user")])
def test_the_default_destination_depends_on_the_messages(keys: dict[str, Any], into: str) -> None:
    assert getattr(policy_of({"kind": "fold_system", **keys}).rules[0], "into", "") == into


def test_turns_of_different_speakers_are_not_merged() -> None:
    ann, bob = ({"role": "user", "name": name, "content": name} for name in ("ann", "bob"))
    assert apply(FIRST, chat(ann, ("system", "S"), bob)).body["messages"] == [ann, {**bob, "content": "S\n\nbob"}]
    merged = apply(FIRST, chat(ann, ("system", "S"), {**ann, "content": "more"})).body["messages"]
    assert merged == [{**ann, "content": "ann\n\nS\n\nmore"}]


def test_cache_control_survives() -> None:
    cache = {"cache_control": {"type": "ephemeral"}}
    part = {"type": "text", "text": "S", **cache}
    assert fold(FIRST, ("system", [part]), "U") == [("user", [{**part, "text": "S\n\nU"}])]
    sent = apply(FIRST, chat({"role": "system", "content": "S", **cache}, "U")).body["messages"]
    assert sent == [{"role": "user", "content": "S\n\nU", **cache}]


def test_a_user_text_without_characters_is_kept() -> None:
    assert fold(FIRST, "", ("system", None)) == [("user", "")]


@pytest.mark.parametrize(
    ("prompt", "keys", "message"),
    [
        ({"method": "if_absent"}, {}, "moves the client's system prompt"),
        ({"method": "replace"}, {"which": "later", "into": "first_system"}, "moves later messages into the text of"),
        ({"method": "if_absent"}, {"which": "later"}, None),
        ({"method": "prepend"}, {}, None),
        ({"method": "replace"}, {}, None),
    ],
)
def test_rules_that_depend_on_the_client_prompt_are_reported(
    prompt: dict[str, Any], keys: dict[str, Any], message: str | None
) -> None:
    first, second = policy_of({"kind": "system_prompt", "text": "T", **prompt}, {**FIRST, **keys}).rules
    found = list(second.lint([first]))
    assert [finding[: len(message or "")] for finding in found] == ([message] if message else [])


def test_only_a_rule_that_moves_all_messages_is_needless() -> None:
    assert probe_findings(LATER, keeps_system_messages=True) == []


EMPTY_SYSTEM = {**FIRST, "empty_system": True}
EMPTY = {"role": "system", "content": ""}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([("system", "S"), "U"], [("user", "S\n\nU")]),
        (["U"], [("user", "U")]),
        ([("developer", ""), "U"], [("user", "U")]),
        ([("system", None), "U"], [("user", "U")]),
        ([EMPTY, ("system", "S"), "U"], [("user", "S\n\nU")]),
        (["U", ("assistant", "A"), ("system", "S"), "V"], [("user", "U"), ("assistant", "A"), ("user", "S\n\nV")]),
    ],
)
def test_an_empty_system_message_takes_the_place_of_all_others(messages: list[Any], expected: list[Any]) -> None:
    assert fold(EMPTY_SYSTEM, *messages) == [EMPTY, *expected]


def test_an_empty_system_message_at_the_start_is_kept() -> None:
    body = chat(EMPTY, "U", ("assistant", "A"), "V")
    assert apply(EMPTY_SYSTEM, body).body is body
    assert apply(EMPTY_SYSTEM, chat()).decision.outcomes[0].result == "idle"


def test_the_change_of_messages_is_reported_once() -> None:
    (outcome,) = apply(EMPTY_SYSTEM, chat(("system", "S"), "U")).decision.outcomes
    assert (outcome.result, [change.path for change in outcome.changes]) == ("fired", ["messages"])


@pytest.mark.parametrize(
    ("endpoint", "body", "result", "sent"),
    [
        ("responses", {"input": "U", "instructions": "S"}, "fired", {"input": "S\n\nU"}),
        ("responses", {"input": "U"}, "skipped", {"input": "U"}),
        (
            "messages",
            {"messages": [{"role": "user", "content": "U"}], "system": "S"},
            "fired",
            {"messages": [{"role": "user", "content": "S\n\nU"}]},
        ),
    ],
)
def test_where_an_empty_message_is_dropped_the_rule_only_moves_and_says_so(
    endpoint: Any, body: Any, result: str, sent: Any
) -> None:
    applied = apply(EMPTY_SYSTEM, body, endpoint)
    (outcome,) = applied.decision.outcomes
    assert applied.body == sent
    assert (outcome.result, str(outcome.reason)) == (
        result,
        "vLLM passes an empty system message to the template on Chat Completions only",
    )


@pytest.mark.parametrize("keys", [{"which": "later"}, {"developer": "keep"}, {"into": "first_system"}])
@pytest.mark.parametrize("empty", [True, False])
def test_empty_system_is_refused_if_system_messages_remain(keys: dict[str, Any], empty: bool) -> None:
    with pytest.raises(ValidationError, match="has empty_system, but system messages remain"):
        policy_of({**FIRST, **keys, "empty_system": empty})


@pytest.mark.parametrize(
    ("keys", "honoured", "finding"),
    [
        (
            {},
            True,
            "place of which the template adds its own: 'You are Qwen.'; set empty_system: true to prevent it, or",
        ),
        ({}, False, "place of which the template adds its own: 'You are Qwen.'; remove the rule to prevent it, or set"),
        (
            {"empty_system": True},
            False,
            "sets empty_system without effect: the template treats an empty system message",
        ),
        ({"empty_system": True}, True, None),
        ({"empty_system": False}, True, None),
        ({"which": "later"}, True, None),
    ],
)
def test_a_template_with_its_own_system_message_is_reported(
    keys: dict[str, Any], honoured: bool, finding: str | None
) -> None:
    found = probe_findings({**FIRST, **keys}, default_system="You are Qwen.", honours_empty_system=honoured)
    assert [finding in text.message for text in found if finding] == ([True] if finding else [])
    assert len(found) == (1 if finding else 0)
    assert not probe_findings({**FIRST, **keys})


@pytest.mark.parametrize(
    ("keys", "remark"),
    [
        ({}, "If the chat template adds a system message of its own, the model reads that one"),
        ({"empty_system": True}, "The model reads an empty system message"),
        ({"empty_system": False}, "The model reads the chat template's own system message, which is wanted"),
        ({"which": "later"}, ""),
    ],
)
def test_the_remark_names_what_the_model_reads_instead(keys: dict[str, Any], remark: str) -> None:
    (rule,) = policy_of({**FIRST, **keys}).rules
    assert rule.remark.startswith(remark)
    assert bool(rule.remark) is bool(remark)
