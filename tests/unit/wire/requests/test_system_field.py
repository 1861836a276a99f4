"""Requests with a field for the system prompt: it is read as a message, and written back as a field."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.wire import Endpoint, Turn, create_request
from prompt_policy.wire.requests.system_field import merge_system_turns
from prompt_policy.wire.requests.turn import SystemField

BODIES: list[tuple[Endpoint, str, dict[str, Any]]] = [
    ("messages", "system", {"system": "S", "messages": [{"role": "user", "content": "U"}]}),
    ("responses", "instructions", {"instructions": "S", "input": [{"role": "user", "content": "U"}]}),
]
EACH_ENDPOINT = pytest.mark.parametrize(("endpoint", "field", "body"), BODIES, ids=[row[0] for row in BODIES])


@EACH_ENDPOINT
def test_the_field_is_the_first_message(endpoint: Endpoint, field: str, body: dict[str, Any]) -> None:
    first = create_request(body, endpoint).turns[0]
    assert (type(first.raw), first.role, first.text) == (SystemField, "system", "S")


@EACH_ENDPOINT
def test_a_changed_field_is_written_alone(endpoint: Endpoint, field: str, body: dict[str, Any]) -> None:
    request = create_request(body, endpoint)
    request.set_turns([request.turns[0].with_content("T"), *request.turns[1:]])

    assert request.body == {**body, field: "T"}
    assert [change.path for change in request.changes] == [field]
    messages = next(key for key in body if key != field)
    assert request.body[messages] is body[messages]


@EACH_ENDPOINT
def test_a_new_field_is_written(endpoint: Endpoint, field: str, body: dict[str, Any]) -> None:
    bare = {key: value for key, value in body.items() if key != field}
    request = create_request(bare, endpoint)
    request.set_turns([Turn("system", request.build_system_message("T"), ""), *request.turns])

    assert request.body == {**bare, field: "T"}


@EACH_ENDPOINT
def test_a_field_that_was_moved_is_deleted(endpoint: Endpoint, field: str, body: dict[str, Any]) -> None:
    request = create_request(body, endpoint)
    request.set_turns([request.turns[1].with_content("SU")])

    assert field not in request.body
    assert [change.path for change in request.changes] == [field, *(key for key in body if key != field)]
    assert body[field] == "S"


@EACH_ENDPOINT
def test_merged_messages_become_the_field(endpoint: Endpoint, field: str, body: dict[str, Any]) -> None:
    request = create_request(body, endpoint)
    late = Turn("system", {"role": "system", "content": "T"}, "T")

    merged = merge_system_turns(request, [request.turns[0], late], "|", is_leading=True)

    assert (type(merged.raw), merged.content, merged.original_text) == (SystemField, "S|T", "S|T")


def test_merged_messages_of_a_chat_keep_the_keys_of_the_first() -> None:
    request = create_request({"messages": []}, "chat")
    turns = [Turn("system", {"role": "developer", "name": name, "content": name}, name) for name in ("a", "b")]

    merged = merge_system_turns(request, turns, "|", is_leading=True)
    assert merged.raw == {"role": "system", "name": "a", "content": "a|b"}

    moved = merge_system_turns(request, turns, "|", is_leading=False)
    assert moved.raw == {"role": "system", "content": "a|b"}
