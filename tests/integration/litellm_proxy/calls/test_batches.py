"""Requests to several models at once: each answer is filtered by the policy of the model that gave it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.litellm_proxy.calls.deployments import FILTERED, OPENING, UNFILTERED
from tests.integration.litellm_proxy.client import post, read_content
from tests.support.fake_backend import FakeBackend
from tests.support.litellm_proxy import Proxy
from tests.support.marks import WHOLE_AND_STREAMED

HI = [{"role": "user", "content": "Hi"}]
EVIL = [{"role": "system", "content": "EVIL"}, *HI]


def read_answers(answers: list[Any]) -> list[str]:
    return [answer["choices"][0]["message"]["content"] for answer in answers]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("vllm,vllm", [OPENING + FILTERED] * 2),
        ("vllm,", [OPENING + FILTERED]),  # LiteLLM puts an error beside it
        ("vllm, plain", [OPENING + FILTERED, UNFILTERED]),
        ("plain,vllm", [UNFILTERED, OPENING + FILTERED]),
    ],
)
def test_each_answer_is_filtered_by_its_own_policy(
    calls_proxy: Proxy, backend: FakeBackend, model: str, expected: list[str]
) -> None:
    response = post(calls_proxy, model=model, messages=HI, temperature=1.0)

    assert response.status_code == 200
    assert read_answers(response.json()[: len(expected)]) == expected
    assert response.headers["x-prompt-policy"].startswith("guarded@")
    assert response.headers["x-prompt-policy-applied"] == "cap,fixed,cite,start"


def test_each_conversation_is_answered_by_its_own_request(calls_proxy: Proxy, backend: FakeBackend) -> None:
    prefilled = [*HI, {"role": "assistant", "content": "So"}]

    response = post(calls_proxy, model="vllm,plain", messages=[HI, prefilled])

    first, second = (read_answers(answers) for answers in response.json())
    assert first == [OPENING + FILTERED, UNFILTERED]
    assert second == [f"\n{FILTERED}", UNFILTERED], "without an opening, because the client prefilled it"


@WHOLE_AND_STREAMED
@pytest.mark.parametrize(
    ("model", "expected"),
    [("vllm,broken", OPENING + FILTERED), ("broken,vllm", OPENING + FILTERED), ("broken,plain", UNFILTERED)],
)
def test_fastest_answer_is_filtered_by_its_own_policy(
    calls_proxy: Proxy, backend: FakeBackend, model: str, expected: str, stream: bool
) -> None:
    response = post(calls_proxy, model=model, messages=HI, fastest_response=True, stream=stream)

    assert read_content(response, stream=stream) == expected
    assert ("x-prompt-policy" in response.headers) == (expected != UNFILTERED)


def test_refusal_of_all_models_is_a_refusal(calls_proxy: Proxy, backend: FakeBackend) -> None:
    response = post(calls_proxy, model="vllm,openai", messages=EVIL)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "policy_violation"
    assert backend.bodies == []


def test_refusal_of_one_model_leaves_the_other_answer(calls_proxy: Proxy, backend: FakeBackend) -> None:
    response = post(calls_proxy, model="vllm,plain", messages=EVIL)

    refused, answered = response.json()
    assert refused["error"] == {
        "message": "no evil", "type": "invalid_request_error", "param": None, "code": "policy_violation"
    }  # fmt: skip
    assert read_answers([answered]) == [UNFILTERED]
