"""Tests of the error for a refused call of the SDK; tests/integration/litellm_sdk raises it through LiteLLM."""

from __future__ import annotations

import litellm
import pytest

from prompt_policy import InternalError, Refusal
from prompt_policy.litellm.errors import RejectedRequestError
from prompt_policy.litellm.errors.sdk import RejectedCallError


def test_refused_call_is_litellms_bad_request_with_openais_fields() -> None:
    error = RejectedCallError(Refusal("no", param="temperature"), {"x-prompt-policy": "p@1"}, "hosted_vllm/m")
    assert isinstance(error, litellm.BadRequestError)
    assert isinstance(error, RejectedRequestError)
    assert (error.status_code, error.code, error.param) == (400, "policy_violation", "temperature")
    assert (error.type, error.model) == ("invalid_request_error", "hosted_vllm/m")
    assert error.response.headers["x-prompt-policy"] == "p@1"
    assert error.response.json()["error"]["message"] == "no"


def test_message_does_not_claim_retries() -> None:
    error = RejectedCallError(Refusal("no"), {}, "m")
    error.num_retries = 3  # LiteLLM sets it although it did not retry
    assert str(error) == "litellm.BadRequestError: no"


def test_internal_error_is_a_bad_request_so_that_it_is_not_retried() -> None:
    error = RejectedCallError(InternalError("broken"), {}, "m")
    assert (error.status_code, error.code) == (400, "policy_fault")


@pytest.mark.parametrize("text", ["temp\ud800", "温度", "\x00"])
def test_any_text_of_a_request_can_be_quoted(text: str) -> None:
    error = RejectedCallError(Refusal(text, param=text), {}, "m")
    assert error.response.json()["error"]["param"] == error.param == text
