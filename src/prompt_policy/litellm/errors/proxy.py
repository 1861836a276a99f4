"""A refusal as an error that LiteLLM's proxy returns at once: with OpenAI's error body and without another model."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException
from litellm.proxy._types import ProxyException

from prompt_policy.errors import Refusal
from prompt_policy.litellm.errors import RejectedRequestError


class _HttpExceptionBase(HTTPException):
    """Accepts ProxyException's call of ``super().__init__`` with its message, which is not an HTTP status."""

    def __init__(self, _message: str) -> None:
        Exception.__init__(self, _message)


class RejectedProxyRequestError(ProxyException, _HttpExceptionBase, RejectedRequestError):  # type: ignore[misc]  # LiteLLM has no types
    """A refused request, as both of LiteLLM's error types.

    The router does not retry an HTTPException, and since 1.105 does not fall back on one. The proxy answers with a
    ProxyException's own ``to_dict``, which contains the code and the parameter.
    """

    def __init__(self, refusal: Refusal, headers: dict[str, str]) -> None:
        self.error_body = refusal.body()["error"]
        ProxyException.__init__(
            self, refusal.message, refusal.type, refusal.param, code=refusal.status, headers=headers
        )
        # 400 for the router, which tries other models on a 500; the client gets ProxyException's code.
        HTTPException.__init__(self, 400, {"error": refusal.message}, headers)

    @property
    def message(self) -> str:
        """The message that the client receives."""
        return str(self.error_body["message"])

    @message.setter
    def message(self, _changed: str) -> None:
        """Ignore the assignment: routers before 1.105 append their own diagnosis to the message."""

    def to_dict(self) -> dict[str, Any]:
        """Return the ``error`` object of OpenAI's error body."""
        return dict(self.error_body)


class BrokenStreamError(ProxyException):  # type: ignore[misc]  # LiteLLM has no types
    """An internal error in the middle of a stream, which LiteLLM sends as an error frame.

    It is not an HTTPException: for one of those, LiteLLM closes the connection instead.
    """

    status_code = 500

    def __init__(self, error: Refusal) -> None:
        super().__init__(error.message, error.type, error.param, code=error.status, openai_code=error.code)
