"""Tests of the errors that LiteLLM returns for a rejection."""

from __future__ import annotations

from fastapi import HTTPException
from litellm.proxy._types import ProxyException

from prompt_policy import InternalError, Refusal
from prompt_policy.litellm.errors.proxy import BrokenStreamError, RejectedProxyRequestError


def test_rejection_is_both_of_litellms_error_types() -> None:
    error = RejectedProxyRequestError(Refusal("no", param="temperature"), {"x-prompt-policy": "p@1"})
    assert isinstance(error, HTTPException)
    assert isinstance(error, ProxyException)
    assert (error.status_code, error.code, error.headers) == (400, "400", {"x-prompt-policy": "p@1"})
    assert error.to_dict() == {
        "message": "no",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "policy_violation",
    }


def test_router_cannot_extend_the_message() -> None:
    error = RejectedProxyRequestError(Refusal("no"), {})
    error.message = f"{error.message} and no fallback model group was found"
    assert error.message == error.to_dict()["message"] == "no"


def test_internal_error_is_a_500_without_fallback() -> None:
    error = RejectedProxyRequestError(InternalError("broken"), {})
    assert (error.status_code, error.code) == (400, "500")


def test_internal_error_in_a_stream_is_not_an_http_exception() -> None:
    assert not isinstance(BrokenStreamError(InternalError("broken")), HTTPException)
