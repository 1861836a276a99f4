"""The view of a request: copy on write, and what a request asks for."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire import MISSING, ChatRequest, Request, create_request
from prompt_policy.wire.requests.base import NotAnObjectError
from tests.support.policies import chat


def create_view(**keys: Any) -> Request:
    return create_request(chat("Hi", **keys), "chat")


def test_unchanged_body_is_the_same_object() -> None:
    body = chat("Hi", temperature=1)
    request = ChatRequest(body)
    request.set(("temperature",), 1)
    request.set(("top_k",), MISSING)
    request.set_turns(request.turns)
    assert request.body is body
    assert request.changes == []


def test_change_copies_only_what_it_touches() -> None:
    body = chat("Hi", a={"b": 1}, c=[1])
    before = copy.deepcopy(body)
    request = ChatRequest(body)
    request.set(("a", "d"), 2)
    assert body == before
    assert request.body["a"] == {"b": 1, "d": 2}
    assert request.body["c"] is body["c"]
    assert request.body["messages"] is body["messages"]


def test_change_records_before_and_after() -> None:
    request = create_view(temperature=1)
    request.set(("temperature",), 0.5)
    request.set(("a", "b"), True)
    assert [tuple(change) for change in request.changes] == [("temperature", 1, 0.5), ("a.b", MISSING, True)]


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (1, 1.0), (None, 0), (0, None)])
def test_equal_values_of_different_types_are_changes(old: Any, new: Any) -> None:
    request = create_view(x=old)
    request.set(("x",), new)
    assert request.body["x"] is new


def test_absent_null_and_zero_differ() -> None:
    request = create_view(null=None, zero=0)
    assert request.get(("absent",)) is MISSING
    assert request.get(("null",)) is None
    assert request.get(("zero",)) == 0
    assert not MISSING
    assert repr(MISSING) == "absent"


def test_parameters_below_null_are_absent() -> None:
    assert create_view(a=None).get(("a", "b")) is MISSING


def test_parameter_below_a_scalar_raises() -> None:
    with pytest.raises(NotAnObjectError, match="^a$"):
        create_view(a=1).get(("a", "b"))
    assert create_view(a=1).find(("a", "b")) is MISSING


def test_copy_has_earlier_changes_and_is_independent() -> None:
    request = create_view(temperature=1)
    request.set(("temperature",), 2)
    copy = request.copy()
    copy.set(("temperature",), 3)
    assert (request.body["temperature"], copy.body["temperature"]) == (2, 3)


@pytest.mark.parametrize(
    ("keys", "attribute", "value"),
    [
        ({"stream": True}, "is_streaming", True),
        ({"stream": 1}, "is_streaming", False),
        ({"tools": [{}]}, "has_tools", True),
        ({"tools": []}, "has_tools", False),
        ({"functions": [{}]}, "has_tools", True),
        ({"response_format": {"type": "json_schema"}}, "json_mode", True),
        ({"response_format": {"type": "text"}}, "json_mode", False),
        ({"response_format": None}, "json_mode", False),
        ({"guided_choice": ["a"]}, "json_mode", True),
        ({"structured_outputs": {"regex": "a"}}, "json_mode", True),
        ({"logprobs": 0}, "token_data", "logprobs"),
        ({"logprobs": None}, "token_data", ""),
        ({"chat_template_kwargs": {"enable_thinking": True}}, "thinking_enabled", True),
        ({"chat_template_kwargs": 3}, "thinking_enabled", True),
        ({"model": 3}, "model", ""),
    ],
)
def test_properties_of_a_request(keys: dict[str, Any], attribute: str, value: Any) -> None:
    assert getattr(create_view(**keys), attribute) == value


@pytest.mark.parametrize("messages", [None, 3, "x", {}, [None], [3], [{"role": 3}], [{"content": 3}], [[]]])
def test_malformed_messages_are_accepted(messages: Any) -> None:
    request = ChatRequest({"messages": messages})
    assert not request.has_system
    assert not request.is_prefilled
    assert request.last_user_text == ""
    assert request.prefill == ""
