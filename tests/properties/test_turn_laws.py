"""The laws of the kinds that rearrange turns, on every endpoint, and the stability of a prompt's prefix."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy import Pipeline, load_paths
from prompt_policy.wire import Endpoint
from tests.support.policies import policy_of

RULES: dict[str, dict[str, Any]] = {
    "fold-all": {"kind": "fold_system"},
    "fold-next": {"kind": "fold_system", "into": "next_user"},
    "fold-last": {"kind": "fold_system", "into": "last_user"},
    "fold-first-system": {"kind": "fold_system", "into": "first_system"},
    "fold-later-first": {"kind": "fold_system", "which": "later", "into": "first_user"},
    "fold-later-next": {"kind": "fold_system", "which": "later"},
    "fold-later-last": {"kind": "fold_system", "which": "later", "into": "last_user"},
    "fold-later-first-system": {"kind": "fold_system", "which": "later", "into": "first_system"},
    "fold-developers": {"kind": "fold_system", "which": "none", "developer": "fold"},
    "fold-developers-first": {"kind": "fold_system", "which": "none", "developer": "fold", "into": "first_system"},
    "rename-developers": {"kind": "fold_system", "which": "none", "developer": "system"},
    "fold-empty": {"kind": "fold_system", "empty_system": True},
    "fold-empty-last": {"kind": "fold_system", "empty_system": True, "into": "last_user"},
    "fold-not-developers": {"kind": "fold_system", "developer": "keep"},
    "later-not-developers": {"kind": "fold_system", "which": "later", "developer": "keep", "into": "first_system"},
    "merge": {"kind": "merge_turns", "flatten_text_parts": True},
    "merge-system": {"kind": "merge_turns", "roles": "system"},
    **{
        f"prompt-{method}": {"kind": "system_prompt", "text": {"en": "Be kind.", "zh": "友好。"}, "method": method}
        for method in ("if_absent", "prepend", "append", "replace")
    },
}
PIPELINES = {name: Pipeline(policy_of(rule)) for name, rule in RULES.items()}
SETS = {
    f"{first}+{second}+{third}": Pipeline(policy_of(RULES[first], RULES[second], RULES[third]))
    for first, second, third in (
        ("prompt-if_absent", "fold-later-next", "merge"),
        ("prompt-prepend", "fold-all", "merge"),
        ("prompt-prepend", "fold-empty", "merge"),
        ("prompt-replace", "fold-empty", "merge"),
        ("prompt-append", "fold-empty-last", "merge"),
        ("prompt-replace", "fold-later-next", "merge"),
        ("prompt-append", "fold-later-first-system", "merge"),
        ("prompt-append", "fold-last", "merge"),
    )
}
EACH = pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=list(PIPELINES))

TEXTS = st.sampled_from(["", "Hi", "你好", "S", "T"])
CACHE = st.sampled_from([{}, {"cache_control": {"type": "ephemeral"}}])
IMAGE = {"type": "image_url", "image_url": {"url": "x"}}


def parts(kind: str, *others: Any) -> st.SearchStrategy[list[Any]]:
    text = st.builds(lambda text, keys: {"type": kind, "text": text, **keys}, TEXTS, CACHE)
    return st.lists(text | st.sampled_from([{"type": "refusal", "refusal": "No"}, *others]), max_size=3)


LOOP_ROLES = ("tool", "odd")
CONTENT = TEXTS | parts("text", IMAGE, "bare") | st.none()
CHAT = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "developer", "user", "user", "tool", "odd"]), "content": CONTENT},
        optional={"name": st.sampled_from(["a", "b"])},
    )
    | st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": CONTENT}, optional={"tool_calls": st.just([{"id": "1"}])}
    ),
    max_size=7,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "user", "user", "assistant"]),
            "content": TEXTS | parts("text", {"type": "tool_result", "tool_use_id": "t", "content": "4"}),
        }
    ),
    max_size=7,
)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "developer", "user", "assistant"]),
            "content": TEXTS | parts("input_text", {"type": "input_image", "image_url": "x"}),
        },
        optional={"id": st.sampled_from(["1", "2"])},
    )
    | st.sampled_from([{"type": kind} for kind in ("reasoning", "function_call", "function_call_output", "odd")]),
    max_size=7,
)
REQUESTS = st.one_of(
    st.tuples(st.just("chat"), st.fixed_dictionaries({"messages": CHAT})),
    st.tuples(
        st.just("messages"),
        st.fixed_dictionaries({"messages": MESSAGES}, optional={"system": TEXTS | parts("text")}),
    ),
    st.tuples(
        st.just("responses"),
        st.fixed_dictionaries(
            {"input": ITEMS | TEXTS},
            optional={"instructions": TEXTS, "previous_response_id": st.just("r"), "conversation": st.just("c")},
        ),
    ),
)


@EACH
@given(request=REQUESTS)
def test_1_applying_a_rule_twice_changes_nothing(pipeline: Pipeline, request: tuple[Endpoint, Any]) -> None:
    endpoint, body = request
    once = pipeline.apply(body, endpoint)
    assert pipeline.apply(once.body, endpoint).body is once.body


@pytest.mark.parametrize("pipeline", SETS.values(), ids=list(SETS))
@given(request=REQUESTS)
def test_1_applying_a_policy_twice_sends_the_same(pipeline: Pipeline, request: tuple[Endpoint, Any]) -> None:
    """Stored turns are left out: what an earlier request added is not known, so it is removed with instructions."""
    endpoint, body = request
    body = {key: value for key, value in body.items() if key not in ("previous_response_id", "conversation")}
    once = pipeline.apply(body, endpoint)
    assert pipeline.apply(once.body, endpoint).body is once.body


@EACH
@given(request=REQUESTS)
def test_3_input_and_untouched_keys_are_preserved(pipeline: Pipeline, request: tuple[Endpoint, Any]) -> None:
    endpoint, body = request
    before = copy.deepcopy(body)
    applied = pipeline.apply(body, endpoint)
    assert body == before
    touched = {change.path for outcome in applied.decision.outcomes for change in outcome.changes}
    assert not any(outcome.result == "fault" for outcome in applied.decision.outcomes)
    assert {key for key in {*body, *applied.body} if body.get(key) is not applied.body.get(key)} <= touched
    assert (applied.body is body) is (not applied.decision.fired)


def count(body: Any, *marks: str) -> dict[str, int]:
    text = json.dumps(body)
    return {mark: text.count(mark) for mark in marks}


@pytest.mark.parametrize("name", [name for name in RULES if name != "prompt-replace"])
@given(request=REQUESTS)
def test_no_image_call_or_result_is_lost(name: str, request: tuple[Endpoint, Any]) -> None:
    endpoint, body = request
    marks = ('"image_url":', '"tool_result"', '"tool_calls"', '"function_call"', '"function_call_output"', '"refusal":')
    assert count(PIPELINES[name].apply(body, endpoint).body, *marks) == count(body, *marks)


@pytest.mark.parametrize("name", ["fold-next", "fold-later-next", "fold-later-first", "fold-developers", "merge"])
@given(messages=CHAT)
def test_prompt_is_a_prefix_of_the_next_request(name: str, messages: list[dict[str, Any]]) -> None:
    """What was sent before an answer is sent again in front of it, so that the engine's prefix cache holds.

    ``next_user`` makes an exception for tool loops.
    """
    if name in ("fold-next", "fold-later-next"):
        messages = [
            message for message in messages if "tool_calls" not in message and message["role"] not in LOOP_ROLES
        ]
    whole = PIPELINES[name].apply({"messages": messages}, "chat").body["messages"]
    for index, message in enumerate(messages):
        is_first_answer = index > 0 and message["role"] == "assistant" and messages[index - 1]["role"] != "assistant"
        has_question = name == "fold-next" or any(m["role"] == "user" for m in messages[:index])
        if is_first_answer and has_question:
            asked = PIPELINES[name].apply({"messages": messages[:index]}, "chat").body["messages"]
            assert whole[: len(asked)] == asked


LOOPS = st.lists(
    st.sampled_from(
        [
            {"role": "assistant", "content": "I look.", "reasoning": "Hm.", "tool_calls": [{"id": "1"}]},
            {"role": "tool", "tool_call_id": "1", "content": "4"},
            {"role": "system", "content": "S"},
            {"role": "developer", "content": "T"},
        ]
    )
)


@pytest.mark.parametrize("name", ["fold-next", "fold-later-next"])
@given(loop=LOOPS)
def test_next_user_begins_no_user_turn_in_a_tool_loop(name: str, loop: list[dict[str, Any]]) -> None:
    """Templates drop the reasoning before the last user turn, and thus that of the loop."""
    sent = PIPELINES[name].apply({"messages": [{"role": "user", "content": "U"}, *loop]}, "chat").body["messages"]
    assert [message["role"] for message in sent].count("user") == 1
    assert sent[1:] == [message for message in loop if message["role"] in ("assistant", "tool")]


def test_shipped_policies_rearrange_turns_once() -> None:
    folding = [policy for policy in load_paths([]).policies if any(r.moves_system_messages for r in policy.rules)]
    messages = [{"role": role, "content": role} for role in ("developer", "system", "user", "user", "system", "user")]
    for policy in folding:
        once = Pipeline(policy).apply({"messages": messages}, "chat")
        assert Pipeline(policy).apply(once.body, "chat").body is once.body
