"""Why an answer gets no opening."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy import RequestContext
from prompt_policy.kinds.base import FilterContext
from prompt_policy.kinds.turns.openings import (
    find_closed_template,
    find_dictated_format,
    find_foreign_beginning,
    find_hidden_opening,
)
from prompt_policy.wire import create_request
from tests.support.policies import chat


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (chat("Hi"), None),
        (chat("Hi", tools=[{}]), "tools"),
        (chat("Hi", logprobs=True), "logprobs"),
        (chat("Hi", ("assistant", "So")), "the client prefilled the answer"),
        (chat(), "no messages"),
    ],
)
def test_the_beginning_belongs_to_the_client_or_the_server(body: dict[str, Any], reason: str | None) -> None:
    assert find_foreign_beginning(create_request(body, "chat")) == reason


def test_a_template_opens_with_tools_unless_the_request_replaces_it() -> None:
    assert find_closed_template(create_request(chat("Hi", tools=[{}]), "chat")) is None
    replaced = create_request(chat("Hi", chat_template="x"), "chat")
    assert find_closed_template(replaced) == "the request replaces the chat template"


def test_the_opening_is_hidden_with_the_reasoning() -> None:
    for keys, reason in (({}, None), ({"include_reasoning": False}, "include_reasoning is false")):
        context = FilterContext(create_request(chat("Hi", **keys), "chat"), RequestContext(), fired=True)
        assert find_hidden_opening(context) == reason


def test_the_last_user_turn_and_the_system_message_dictate_the_form() -> None:
    for messages, is_dictated in (
        (["Hi"], False),
        (["Hi. Answer with one word."], True),
        ([("system", "Answer with one word."), "Hi"], True),
        (["Hi. Answer with one word.", ("assistant", "Hey"), "Why?"], False),
    ):
        assert (find_dictated_format(create_request(chat(*messages), "chat")) is not None) is is_dictated
