"""SystemPrompt: a text is added to the system prompt of a request, or takes its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.policies import apply, chat, policy_of, reason
from tests.support.policy_files import list_problems

METHODS = ["if_absent", "prepend", "append", "replace"]
BOTH = {"en": "Be kind.", "zh": "友好。"}
CACHED = {"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}


def rule(method: str = "if_absent", text: Any = "T", **keys: Any) -> dict[str, Any]:
    return {"kind": "system_prompt", "method": method, "text": text, **keys}


def send(method: str, *messages: Any, text: Any = "T", **keys: Any) -> list[Any]:
    applied = apply(rule(method, text, **keys), chat(*messages))
    assert apply(rule(method, text, **keys), applied.body).body is applied.body  # applied to its own output
    sent: list[Any] = applied.body["messages"]
    return sent


@pytest.mark.parametrize("method", METHODS)
def test_a_request_without_a_system_prompt_gets_one(method: str) -> None:
    assert send(method, "U", ("assistant", "A"), "V") == chat(("system", "T"), "U", ("assistant", "A"), "V")["messages"]


@pytest.mark.parametrize(
    ("method", "text"), [("if_absent", "S"), ("prepend", "T\n\nS"), ("append", "S\n\nT"), ("replace", "T")]
)
@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_system_prompt_is_kept_extended_or_replaced(method: str, text: str, role: str) -> None:
    assert send(method, (role, "S"), "U") == chat((role, text), "U")["messages"]


@pytest.mark.parametrize(
    ("method", "texts"),
    [("if_absent", ["S", "R"]), ("prepend", ["T\n\nS", "R"]), ("append", ["S", "R\n\nT"]), ("replace", ["T"])],
)
def test_several_messages_at_the_start_are_one_prompt(method: str, texts: list[str]) -> None:
    expected = chat(*[("system", text) for text in texts], "U", ("system", "L"))["messages"]
    assert send(method, ("system", "S"), ("system", "R"), "U", ("system", "L")) == expected


@pytest.mark.parametrize("method", METHODS)
def test_a_later_system_message_is_not_a_system_prompt(method: str) -> None:
    assert send(method, "U", ("system", "L")) == chat(("system", "T"), "U", ("system", "L"))["messages"]


@pytest.mark.parametrize(
    ("method", "blocks"),
    [
        ("prepend", [{**CACHED, "text": "T\n\nS"}]),
        ("append", [{**CACHED, "text": "S\n\nT"}]),
        ("replace", [{**CACHED, "text": "T"}]),
    ],
)
def test_blocks_keep_their_cache_control(method: str, blocks: list[Any]) -> None:
    assert send(method, ("system", [CACHED]), "U")[0] == {"role": "system", "content": blocks}
    body = {"system": [CACHED], "messages": [{"role": "user", "content": "U"}]}
    assert apply(rule(method), body, "messages").body == {**body, "system": blocks}


@pytest.mark.parametrize(("method", "text"), [("prepend", "T|S"), ("append", "S|T")])
def test_the_separator_joins_the_texts(method: str, text: str) -> None:
    assert send(method, ("system", "S"), "U", separator="|") == chat(("system", text), "U")["messages"]


@pytest.mark.parametrize(
    ("turn", "prompt"), [("你好，请介绍一下自己", "友好。"), ("Hello", "Be kind."), ("안녕하세요", "Be kind.")]
)
def test_the_first_user_turn_determines_the_language(turn: str, prompt: str) -> None:
    sent = send("if_absent", turn, ("assistant", "A"), "Hello, what is the matter?", text=BOTH)
    assert sent[0] == {"role": "system", "content": prompt}


@pytest.mark.parametrize("method", ["prepend", "append", "replace"])
def test_a_prompt_with_the_text_of_any_language_is_not_extended(method: str) -> None:
    body = chat(("system", "友好。"), "Hello")
    assert apply(rule(method, BOTH), body).body is body


@pytest.mark.parametrize("method", METHODS)
def test_a_text_that_was_moved_into_a_user_turn_is_not_added_again(method: str) -> None:
    body = chat("T\n\nU")
    assert apply(rule(method), body).body is body


@pytest.mark.parametrize("method", ["prepend", "append", "replace"])
def test_an_empty_system_message_is_filled_unless_the_text_was_moved(method: str) -> None:
    assert send(method, ("system", ""), "U") == chat(("system", "T"), "U")["messages"]
    moved = chat(("system", ""), "T\n\nU")
    assert apply(rule(method), moved).body is moved


def test_a_user_cannot_prevent_the_replacement() -> None:
    assert send("replace", ("system", "S"), "T")[0]["content"] == "T"
    assert send("replace", ("system", "T and more"), "U")[0]["content"] == "T"


@pytest.mark.parametrize(
    "messages",
    [
        [("system", "S"), "U"],
        [("developer", "S"), "U"],
        [("system", ""), "U"],
        [("system", None), "U"],
        [("system", [CACHED]), "U"],
        [("system", "S"), ("assistant", "A"), "U"],
        [("system", "S")],
        [{"role": "system", "name": "x", "content": "S"}, "U"],
        [],
    ],
)
def test_if_absent_leaves_every_system_prompt(messages: list[Any]) -> None:
    body = chat(*messages)
    assert apply(rule(), body).body is body


def test_instructions_are_the_system_prompt_of_responses() -> None:
    assert apply(rule(), {"input": "U"}, "responses").body == {"instructions": "T", "input": "U"}
    body = {"instructions": "S", "input": [{"role": "user", "content": "U"}]}
    applied = apply(rule("append"), body, "responses")
    assert applied.body == {**body, "instructions": "S\n\nT"}
    assert applied.body["input"] is body["input"]
    assert applied.decision.headers()["x-prompt-policy-changed"] == "instructions"
    assert apply(rule(), body, "responses").body is body


@pytest.mark.parametrize("method", METHODS)
def test_instructions_stay_a_string_beside_an_item_in_parts(method: str) -> None:
    item = {"role": "system", "content": [{"type": "input_text", "text": "R", "cache_control": {"type": "ephemeral"}}]}
    body = {"instructions": "S", "input": [item, {"role": "user", "content": "U"}]}
    assert isinstance(apply(rule(method), body, "responses").body["instructions"], str)


def test_items_after_stored_turns_are_not_a_system_prompt() -> None:
    body = {"previous_response_id": "r", "input": [{"role": "system", "content": "S"}]}
    assert apply(rule("prepend"), body, "responses").body == {**body, "instructions": "T"}


def test_the_field_of_messages_is_added() -> None:
    body = {"messages": [{"role": "user", "content": "U"}]}
    applied = apply(rule(), body, "messages")
    assert applied.body == {**body, "system": "T"}
    assert applied.decision.headers()["x-prompt-policy-changed"] == "system"


def test_text_completions_are_skipped() -> None:
    assert reason(apply(rule(), {"prompt": "U"}, "completions")) == "text completions"


@pytest.mark.parametrize("text", ["", {"en": "T", "zh": ""}, {}])
def test_an_empty_text_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError):
        policy_of(rule(text=text))


def test_a_rule_that_moves_system_messages_runs_later(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    prompt, folding = "{name: s, kind: system_prompt, text: T}", "{name: f, kind: fold_system, which: later}"
    file.write_text(f"version: 1\nname: p\nrules:\n  - {folding}\n  - {prompt}\n")
    (problem,) = list_problems(file)
    assert problem.endswith("'f' runs before 's', which adds a system prompt; move it after 's'")
