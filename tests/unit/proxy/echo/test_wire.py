"""The responses and chunks of the echo server."""

from __future__ import annotations

from typing import Any

import pytest

from prompt_policy.proxy.echo.answer import build_answer_text
from prompt_policy.proxy.echo.wire import EchoChat, EchoText, build_chunks, build_response

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi there"}], "prompt": "Hi there"}


def test_a_whole_response_has_null_reasoning() -> None:
    message = build_response(BODY, EchoChat(BODY, reasoning_parser=False))["choices"][0]["message"]

    assert message["reasoning"] is None


def test_first_chunk_has_role_and_last_has_finish_reason() -> None:
    sent = list(build_chunks(BODY, EchoChat(BODY, reasoning_parser=False)))
    choices = [chunk["choices"][0] for chunk in sent]

    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert choices[-1]["delta"]["content"]
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]


def test_usage_is_last_and_only_on_request() -> None:
    with_usage = {**BODY, "stream_options": {"include_usage": True}}

    plain = list(build_chunks(BODY, EchoText(BODY)))
    last = list(build_chunks(with_usage, EchoText(with_usage)))[-1]

    assert all(chunk["choices"] for chunk in plain)
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 2


def test_choices_are_interleaved() -> None:
    body = {**BODY, "n": 2}

    sent = [chunk["choices"][0] for chunk in build_chunks(body, EchoText(body))]
    texts = ["".join(choice["text"] for choice in sent if choice["index"] == index) for index in (0, 1)]

    assert [choice["index"] for choice in sent[:4]] == [0, 1, 0, 1]
    assert texts == [build_answer_text(body)] * 2
    assert sum(choice["finish_reason"] == "stop" for choice in sent) == 2


@pytest.mark.parametrize(("n", "choices"), [(3, 3), (None, 1), (0, 1), ("2", 1), (10**9, 1)])
def test_n_sets_the_number_of_choices(n: object, choices: int) -> None:
    body = {**BODY, "n": n}

    assert len(build_response(body, EchoText(body))["choices"]) == choices


def test_parsed_reasoning_precedes_the_content() -> None:
    sent = [chunk["choices"][0]["delta"] for chunk in build_chunks(BODY, EchoChat(BODY, reasoning_parser=True))]

    assert sent[1] == {"reasoning": "\n\n"}
    assert all("content" in delta for delta in sent[2:])
