"""What guardrails and loggers beside the policy callback see: the order of LiteLLM's hooks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.litellm_proxy.client import post, read_content
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.waiting import wait_until

TURNS: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "My number is 4711."}]
RAW, CLEANED = "\n\nHello wide\n\n\nworld\n\n", "Hello wide\n\n\nworld"
FOLDED = "Be brief.\n\nMy number is 4711."
LAST_STEP = "logger answer"
"""What the setup records last, after the answer. An exchange waits for it, so that it does not appear in the next."""


class Exchange:
    """One request through the proxy, and what the other callbacks saw of it."""

    def __init__(self, proxy: Proxy, *guardrails: str, stream: bool, last: str = LAST_STEP) -> None:
        file = proxy.log_file.with_name("seen.jsonl")
        file.unlink(missing_ok=True)
        self.response = post(
            proxy, model="enforced", messages=TURNS, temperature=0.9, stream=stream, guardrails=[*guardrails]
        )
        assert self.response.status_code == 200, self.response.text
        self.answer = read_content(self.response, stream=stream)

        def is_complete() -> bool:
            seen = file.read_text() if file.exists() else ""
            return last in seen and LAST_STEP in seen

        wait_until(is_complete, describe=lambda: proxy.log)
        self._records = [json.loads(line) for line in file.read_text().splitlines()]

    def get(self, step: str) -> str:
        """Return what a step saw; a stream's texts joined."""
        return "".join(record["text"] for record in self._records if record["step"] == step)


@WHOLE_AND_STREAMED
def test_guardrail_before_the_call_sees_the_original_and_its_changes_are_covered(
    own_proxy: Proxy, sent: FakeBackend, stream: bool
) -> None:
    exchange = Exchange(own_proxy, "pre_call", stream=stream, last="guardrail pre_call")
    assert json.loads(exchange.get("guardrail pre_call")) == TURNS
    assert sent.last()["messages"] == [
        {"role": "user", "content": "Be kind.\n\nBe brief.\n\nMy number is [number]."}
    ], "the policy folds the guardrail's own system message"


@WHOLE_AND_STREAMED
def test_guardrail_during_the_call_sees_the_original(own_proxy: Proxy, sent: FakeBackend, stream: bool) -> None:
    exchange = Exchange(own_proxy, "during_call", stream=stream, last="guardrail during_call")
    assert json.loads(exchange.get("guardrail during_call")) == TURNS
    assert [turn["content"] for turn in sent.last()["messages"]] == [FOLDED]


def test_guardrail_after_the_call_sees_a_whole_answer_before_the_filters(own_proxy: Proxy, sent: FakeBackend) -> None:
    exchange = Exchange(own_proxy, "post_call", stream=False, last="guardrail post_call")
    assert exchange.get("guardrail post_call") == RAW
    assert exchange.answer == CLEANED


def test_streaming_guardrail_sees_and_edits_a_stream_after_the_filters(own_proxy: Proxy, sent: FakeBackend) -> None:
    exchange = Exchange(own_proxy, "post_call", stream=True)
    assert exchange.get("guardrail chunk") == CLEANED
    assert exchange.answer == CLEANED.upper(), "what a guardrail edits in place reaches the client"
    logged = exchange.get("logger answer")
    assert logged.replace("WIDE", "wide") == RAW, "the log has at most the edits of chunks that no filter has changed"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_logger_sees_the_original_messages_and_the_parameters_that_were_sent(
    own_proxy: Proxy, sent: FakeBackend, stream: bool
) -> None:
    exchange = Exchange(own_proxy, stream=stream)
    assert json.loads(exchange.get("logger messages")) == TURNS
    assert json.loads(exchange.get("logger temperature")) == 0.25 == sent.last()["temperature"]
    assert exchange.get("logger answer") == RAW
    assert exchange.answer == CLEANED


def test_callback_listed_later_sees_the_rewritten_request(own_proxy: Proxy, sent: FakeBackend) -> None:
    exchange = Exchange(own_proxy, stream=False, last="logger deployment")
    assert [turn["content"] for turn in json.loads(exchange.get("logger deployment"))] == [FOLDED]
