"""The shapes of the echo backend's answers."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.proxy.echo_answer import answer_text
from prompt_policy.proxy.echo_wire import Chat, Text, chunks, whole

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi there"}], "prompt": "Hi there"}


def test_a_whole_answer_says_that_there_is_no_reasoning() -> None:
    message = whole(BODY, Chat(BODY, reasoning_parser=False))["choices"][0]["message"]

    assert message["reasoning"] is None


def test_the_first_chunk_holds_the_role_and_the_last_both_text_and_finish_reason() -> None:
    sent = list(chunks(BODY, Chat(BODY, reasoning_parser=False)))
    choices = [chunk["choices"][0] for chunk in sent]

    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert choices[-1]["delta"]["content"]
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]


def test_usage_comes_last_and_only_when_asked_for() -> None:
    asked = {**BODY, "stream_options": {"include_usage": True}}

    plain = list(chunks(BODY, Text(BODY)))
    last = list(chunks(asked, Text(asked)))[-1]

    assert all(chunk["choices"] for chunk in plain)
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 2


def test_choices_take_turns() -> None:
    body = {**BODY, "n": 2}

    sent = [chunk["choices"][0] for chunk in chunks(body, Text(body))]
    texts = ["".join(choice["text"] for choice in sent if choice["index"] == index) for index in (0, 1)]

    assert [choice["index"] for choice in sent[:4]] == [0, 1, 0, 1]
    assert texts == [answer_text(body)] * 2
    assert sum(choice["finish_reason"] == "stop" for choice in sent) == 2


@pytest.mark.parametrize(("n", "choices"), [(3, 3), (None, 1), (0, 1), ("2", 1), (10**9, 1)])
def test_as_many_choices_as_were_asked_for(n: object, choices: int) -> None:
    body = {**BODY, "n": n}

    assert len(whole(body, Text(body))["choices"]) == choices


def test_a_parsed_thought_comes_before_the_content() -> None:
    sent = [chunk["choices"][0]["delta"] for chunk in chunks(BODY, Chat(BODY, reasoning_parser=True))]

    assert sent[1] == {"reasoning": "\n\n"}
    assert all("content" in delta for delta in sent[2:])
