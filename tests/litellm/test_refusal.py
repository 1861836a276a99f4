"""A refusal as LiteLLM delivers it."""

from __future__ import annotations

from fastapi import HTTPException
from litellm.proxy._types import ProxyException

from prompt_policy import Fault, Refusal
from prompt_policy.litellm.refusal import PolicyFailed, PolicyRefused


def test_it_is_both_of_litellms_error_types() -> None:
    error = PolicyRefused(Refusal("no", param="temperature"), {"x-prompt-policy": "p@1"})
    assert isinstance(error, HTTPException)
    assert isinstance(error, ProxyException)
    assert (error.status_code, error.code, error.headers) == (400, "400", {"x-prompt-policy": "p@1"})
    assert error.to_dict() == {
        "message": "no",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "policy_violation",
    }


def test_a_router_cannot_add_to_what_the_client_is_told() -> None:
    error = PolicyRefused(Refusal("no"), {})
    error.message = f"{error.message} and no fallback model group was found"
    assert error.message == error.to_dict()["message"] == "no"


def test_a_fault_is_a_500_for_the_client_and_no_reason_for_the_router_to_try_others() -> None:
    error = PolicyRefused(Fault("broken"), {})
    assert (error.status_code, error.code) == (400, "500")


def test_a_fault_in_mid_stream_is_no_http_exception() -> None:
    assert not isinstance(PolicyFailed(Fault("broken")), HTTPException)
