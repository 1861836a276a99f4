"""MergeTurns: successive turns of one role become one, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.policies import apply, chat, policy_of
from tests.support.policy_files import list_problems

MERGE = {"kind": "merge_turns"}
FLATTEN = {"kind": "merge_turns", "flatten_text_parts": True}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "4"}


def text(value: str, **keys: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **keys}


def merge(*messages: Any, **keys: Any) -> list[Any]:
    sent: list[Any] = apply({**MERGE, **keys}, chat(*messages)).body["messages"]
    return sent


def test_successive_turns_of_each_role_become_one() -> None:
    sent = merge(("system", "S"), ("developer", "T"), "U", "V", ("assistant", "A"), ("assistant", "B"), "W", "X", "Y")
    assert sent == chat(("system", "S\n\nT"), "U\n\nV", ("assistant", "A\n\nB"), "W\n\nX\n\nY")["messages"]


def test_the_separator_joins_the_texts() -> None:
    assert merge("U", "V", separator="\n") == chat("U\nV")["messages"]


@pytest.mark.parametrize(
    ("roles", "sent"),
    [
        ("user", [("system", "S"), ("system", "T"), "U\n\nV", ("assistant", "A"), ("assistant", "B"), "W"]),
        (["system"], [("system", "S\n\nT"), "U", "V", ("assistant", "A"), ("assistant", "B"), "W"]),
        (["assistant", "user"], [("system", "S"), ("system", "T"), "U\n\nV", ("assistant", "A\n\nB"), "W"]),
    ],
)
def test_other_roles_pass_unchanged(roles: Any, sent: list[Any]) -> None:
    messages = (("system", "S"), ("system", "T"), "U", "V", ("assistant", "A"), ("assistant", "B"), "W")
    assert merge(*messages, roles=roles) == chat(*sent)["messages"]


@pytest.mark.parametrize("roles", [[], ["tool"], "developer", 3])
def test_unknown_roles_are_refused(roles: Any) -> None:
    with pytest.raises(ValidationError):
        policy_of({**MERGE, "roles": roles})


def test_parts_are_kept_in_order() -> None:
    assert merge(("user", [text("a"), IMAGE]), "b", ("user", [text("c"), text("d")])) == [
        {"role": "user", "content": [text("a"), IMAGE, text("b\n\nc"), text("d")]}
    ]


def test_keys_of_all_turns_are_kept_and_the_first_win() -> None:
    first, second = {"role": "user", "content": "a", "id": 1}, {"role": "user", "content": "b", "id": 2, "extra": 3}
    assert merge(first, second) == [{"role": "user", "content": "a\n\nb", "id": 1, "extra": 3}]


@pytest.mark.parametrize("name", ["bob", None])
def test_different_speakers_stay_apart(name: str | None) -> None:
    ann = {"role": "user", "name": "ann", "content": "a"}
    other = {"role": "user", "content": "b", **({"name": name} if name else {})}
    body = chat(ann, other)
    assert apply(MERGE, body).body is body
    assert merge(ann, ann, other) == [{**ann, "content": "a\n\na"}, other]


@pytest.mark.parametrize(
    "messages",
    [
        ["U", CALL, RESULT, {**RESULT, "tool_call_id": "2"}, "V"],
        ["U", ("assistant", "A"), CALL, RESULT],
        ["U", CALL, CALL, RESULT],
        ["U", ("assistant", "A"), {"role": "assistant", "content": "B", "reasoning_content": "Hm."}, "V"],
        ["U", {"role": "assistant", "content": "B", "reasoning_details": [{}]}, ("assistant", "A"), "V"],
        ["U", ("assistant", [{"type": "thinking", "thinking": "Hm."}]), ("assistant", "A"), "V"],
        ["U", {"role": "assistant", "content": "A", "function_call": {"name": "f"}}, ("assistant", "B"), "V"],
        ["U", ("assistant", "A"), ("assistant", "B")],
        ["U", ("function", "1"), ("function", "2")],
        [3, 3, "U"],
        [("user", 3), ("user", 3)],
        [("odd", "a"), ("odd", "b")],
        [("system", "S"), "U", ("assistant", "A"), "V"],
    ],
)
def test_other_conversations_pass_unchanged(messages: list[Any]) -> None:
    body = chat(*messages)
    assert apply(MERGE, body).body is body


def test_null_fields_of_an_answer_do_not_keep_it_apart() -> None:
    answer: dict[str, Any] = {
        "role": "assistant",
        "content": "A",
        "refusal": None,
        "tool_calls": None,
        "annotations": [],
    }
    assert merge("U", answer, answer, "V")[1]["content"] == "A\n\nA"


@pytest.mark.parametrize(
    ("content", "flat"),
    [
        ([text("a"), text("b")], "a\nb"),
        ([text("a", cache_control=None)], "a"),
        (["a"], "a"),
        ([text("a", cache_control={"type": "ephemeral"})], None),
        ([text("a"), IMAGE], None),
        ([{"type": "refusal", "refusal": "No."}], None),
        ([text("")], None),
        ([], None),
        ("a", None),
    ],
)
@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
def test_lists_of_texts_become_strings(role: str, content: Any, flat: str | None) -> None:
    body = chat((role, content), "U")
    rule = {**FLATTEN, "roles": "system"}
    assert apply(rule, body).body == (body if flat is None else chat((role, flat), "U"))
    assert (apply(rule, body).body is body) is (flat is None)


def test_lists_stay_without_the_option() -> None:
    body = chat(("user", [text("a")]))
    assert apply(MERGE, body).body is body


def test_the_answer_that_the_server_continues_stays_a_list() -> None:
    body = chat("U", ("assistant", [text("a")]))
    assert apply(FLATTEN, body).body is body


def responses(**body: Any) -> dict[str, Any]:
    return apply(FLATTEN, body, "responses").body


def test_items_become_a_part_of_the_instructions() -> None:
    items = [{"role": "developer", "content": [{"type": "input_text", "text": "T"}]}, {"role": "user", "content": "U"}]
    assert responses(instructions="S", input=items) == {"instructions": "S\n\nT", "input": items[1:]}


def test_an_image_makes_the_instructions_an_item() -> None:
    image = {"type": "input_image", "image_url": "data:x"}
    items = [{"role": "developer", "content": [image]}, {"role": "user", "content": "U"}]
    merged = {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "S"}, image]}
    assert responses(instructions="S", input=items) == {"input": [merged, items[1]]}


@pytest.mark.parametrize("key", ["previous_response_id", "conversation"])
def test_stored_turns_stay_between_instructions_and_items(key: str) -> None:
    body = {key: "x", "instructions": "S", "input": [{"role": "developer", "content": "T"}]}
    assert apply(MERGE, body, "responses").body is body


def test_successive_items_keep_the_first_id() -> None:
    items = [{"type": "message", "role": "user", "id": name, "content": name} for name in ("a", "b")]
    assert responses(input=items) == {"input": [{**items[0], "content": "a\n\nb"}]}


def test_answers_of_responses_stay_lists() -> None:
    part = {"type": "output_text", "text": "A", "annotations": []}
    items = [{"type": "message", "role": "assistant", "content": [part]}, {"role": "user", "content": "U"}]
    body = {"input": items}
    assert apply(FLATTEN, body, "responses").body is body


def test_a_system_message_of_messages_becomes_a_part_of_the_field() -> None:
    body = {
        "system": [text("S", cache_control={"type": "ephemeral"})],
        "messages": [{"role": "system", "content": "T"}, {"role": "user", "content": "U"}],
    }
    assert apply(MERGE, body, "messages").body == {
        "system": [text("S\n\nT", cache_control={"type": "ephemeral"})],
        "messages": [{"role": "user", "content": "U"}],
    }


def test_tool_results_stay_at_the_start_of_their_turn() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "4"}
    turns = [{"role": "user", "content": [result, text("U")]}, {"role": "user", "content": "V"}]
    assert apply(MERGE, {"messages": turns}, "messages").body["messages"] == [
        {"role": "user", "content": [result, text("U\n\nV")]}
    ]
    only = {"messages": [{"role": "user", "content": [result]}, {"role": "user", "content": "V"}]}
    assert apply(MERGE, only, "messages").body is only


def test_the_rule_runs_before_rules_that_inspect_each_turn(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    suffix, merging = "{name: s, kind: append_suffix, text: Think.}", "{name: m, kind: merge_turns}"
    file.write_text(f"version: 1\nname: p\nrules:\n  - {suffix}\n  - {merging}\n")
    (problem,) = list_problems(file)
    assert problem.endswith("'s' runs before 'm', which merges turns; move it after 'm'")
