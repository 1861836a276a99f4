"""The view of a request: copy on write, and what a request asks for."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prompt_policy.wire import MISSING, ChatRequest, Request, request_view
from prompt_policy.wire.request import NotAnObject
from tests.support import chat


def view(**keys: Any) -> Request:
    return request_view(chat("Hi", **keys), "chat")


def test_nothing_set_gives_the_very_object_that_came() -> None:
    body = chat("Hi", temperature=1)
    request = ChatRequest(body)
    request.set(("temperature",), 1)
    request.set(("top_k",), MISSING)
    request.set_turns(request.turns)
    assert request.body is body
    assert request.changes == []


def test_a_change_leaves_the_original_and_what_was_not_touched() -> None:
    body = chat("Hi", a={"b": 1}, c=[1])
    before = copy.deepcopy(body)
    request = ChatRequest(body)
    request.set(("a", "d"), 2)
    assert body == before
    assert request.body["a"] == {"b": 1, "d": 2}
    assert request.body["c"] is body["c"]
    assert request.body["messages"] is body["messages"]


def test_a_change_records_before_and_after() -> None:
    request = view(temperature=1)
    request.set(("temperature",), 0.5)
    request.set(("a", "b"), True)
    assert [tuple(change) for change in request.changes] == [("temperature", 1, 0.5), ("a.b", MISSING, True)]


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (1, 1.0), (None, 0), (0, None)])
def test_values_that_python_takes_for_equal_are_told_apart(old: Any, new: Any) -> None:
    request = view(x=old)
    request.set(("x",), new)
    assert request.body["x"] is new


def test_absent_null_and_zero_are_three_things() -> None:
    request = view(null=None, zero=0)
    assert request.get(("absent",)) is MISSING
    assert request.get(("null",)) is None
    assert request.get(("zero",)) == 0
    assert not MISSING
    assert repr(MISSING) == "absent"


def test_inside_a_null_everything_is_absent() -> None:
    assert view(a=None).get(("a", "b")) is MISSING


def test_inside_a_scalar_nothing_can_be() -> None:
    with pytest.raises(NotAnObject, match="^a$"):
        view(a=1).get(("a", "b"))
    assert view(a=1).find(("a", "b")) is MISSING


def test_a_fork_sees_the_work_so_far_and_keeps_its_own() -> None:
    request = view(temperature=1)
    request.set(("temperature",), 2)
    fork = request.fork()
    fork.set(("temperature",), 3)
    assert (request.body["temperature"], fork.body["temperature"]) == (2, 3)


@pytest.mark.parametrize(
    ("keys", "attribute", "value"),
    [
        ({"stream": True}, "streams", True),
        ({"stream": 1}, "streams", False),
        ({"tools": [{}]}, "has_tools", True),
        ({"tools": []}, "has_tools", False),
        ({"functions": [{}]}, "has_tools", True),
        ({"response_format": {"type": "json_schema"}}, "json_mode", True),
        ({"response_format": {"type": "text"}}, "json_mode", False),
        ({"response_format": None}, "json_mode", False),
        ({"guided_choice": ["a"]}, "json_mode", True),
        ({"structured_outputs": {"regex": "a"}}, "json_mode", True),
        ({"logprobs": 0}, "wants_logprobs", True),
        ({"logprobs": None}, "wants_logprobs", False),
        ({"chat_template_kwargs": {"enable_thinking": True}}, "thinks", True),
        ({"chat_template_kwargs": 3}, "thinks", True),
        ({"model": 3}, "model", ""),
    ],
)
def test_what_a_request_asks_for(keys: dict[str, Any], attribute: str, value: Any) -> None:
    assert getattr(view(**keys), attribute) == value


@pytest.mark.parametrize("messages", [None, 3, "x", {}, [None], [3], [{"role": 3}], [{"content": 3}], [[]]])
def test_messages_of_any_form_can_be_looked_at(messages: Any) -> None:
    request = ChatRequest({"messages": messages})
    assert not request.has_system
    assert not request.is_prefilled
    assert request.last_user_text == ""
    assert request.prefill == ""
