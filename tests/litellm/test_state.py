"""What belongs to one request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from prompt_policy import Pipeline, load_paths
from prompt_policy.litellm.binding import Binding
from prompt_policy.litellm.state import State, state_of
from tests.support import chat

BINDING = Binding(load_paths([]))


def request() -> dict[str, Any]:
    return {"litellm_logging_obj": SimpleNamespace(model_call_details={})}


def test_a_later_attempt_keeps_the_policies_of_the_first() -> None:
    data = request()
    first = State.renewed(data, BINDING)
    second = State.renewed(data, Binding(load_paths([])))
    assert second.binding is first.binding is BINDING


def test_a_later_attempt_forgets_what_was_applied() -> None:
    data = request()
    State.renewed(data, BINDING).applied = Pipeline(BINDING.policies.policies[0]).apply(chat("Hi"), "chat")
    State.renewed(data, BINDING)
    state = state_of(data)
    assert state is not None
    assert state.applied is None


def test_without_a_logging_object_there_is_no_state_to_find() -> None:
    State.renewed({}, BINDING)
    assert state_of({}) is None
    assert state_of({"litellm_logging_obj": SimpleNamespace()}) is None
