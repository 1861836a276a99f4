"""Policies for vLLM's offline LLM.chat."""

from __future__ import annotations

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.batch.offline import build_options, chat_offline, load_request_class
from tests.support.fake_offline_llm import FakeOfflineLLM, FakeRequest
from tests.support.policies import chat
from tests.unit.authoring.batch.test_rewriter import CLAMP, REJECT, TIDY, create

OPENING = {"kind": "force_opening", "text": "<think>\n", "when": {"stream": False}}


def test_requests_and_answers_follow_the_policy() -> None:
    llm = FakeOfflineLLM("\n\n4\n\n\n\n5", top_p=0.9)
    [answer] = chat_offline(llm, create(CLAMP, TIDY), [chat("Hi", temperature=2)], FakeRequest)
    assert llm.calls == [
        ([chat("Hi")["messages"]], [{"top_p": 0.9, "max_tokens": None, "temperature": 0.7}], {}),
    ]
    assert answer.messages == [{"role": "assistant", "content": "4\n\n5"}]
    assert answer.output.outputs[0].text == "\n\n4\n\n\n\n5"
    assert answer.refusal is None


def test_a_prefill_is_continued_and_restored() -> None:
    llm = FakeOfflineLLM("So.</think>4")
    [answer] = chat_offline(llm, create(OPENING), [chat("Hi")], FakeRequest)
    [(conversations, _parameters, options)] = llm.calls
    assert conversations[0][-1] == {"role": "assistant", "content": "<think>\n"}
    assert options == {"continue_final_message": True, "add_generation_prompt": False}
    assert answer.messages[0]["content"] == "<think>\nSo.</think>4"


def test_bodies_with_equal_options_share_a_call_and_the_order_is_kept() -> None:
    llm = FakeOfflineLLM("ok")
    bodies = [chat(str(number), add_generation_prompt=number % 2 == 0) for number in range(4)]
    answers = chat_offline(llm, create(CLAMP), bodies, FakeRequest)
    assert [len(conversations) for conversations, _parameters, _options in llm.calls] == [2, 2]
    assert [answer.output.messages[0]["content"] for answer in answers] == ["0", "1", "2", "3"]


def test_a_refused_request_is_not_sent() -> None:
    llm = FakeOfflineLLM("ok")
    refused, answer = chat_offline(llm, create(REJECT), [chat("Hi", tools=[{}]), chat("Hi")], FakeRequest)
    assert (str(refused.refusal), refused.output, refused.messages) == ("no tools", None, ())
    assert answer.messages == [{"role": "assistant", "content": "ok"}]
    assert len(llm.calls[0][0]) == 1


def test_a_token_limit_counts_under_both_names() -> None:
    llm = FakeOfflineLLM("ok", max_tokens=9)
    bodies = [chat("Hi", max_tokens=5), chat("Hi", max_completion_tokens=6, max_tokens=5), chat("Hi")]
    chat_offline(llm, create(TIDY), bodies, FakeRequest)
    assert [parameters["max_tokens"] for parameters in llm.calls[0][1]] == [5, 6, 9]


def test_parameters_of_the_template_are_options() -> None:
    body = chat("Hi", reasoning_effort="low", chat_template_kwargs={"enable_thinking": False}, tools=[{}], stop=None)
    assert build_options(body) == {
        "tools": [{}], "chat_template_kwargs": {"reasoning_effort": "low", "enable_thinking": False}
    }  # fmt: skip


def test_a_missing_request_class_is_an_error() -> None:
    with pytest.raises(UsageError, match="install vLLM, or pass its class"):
        load_request_class()
