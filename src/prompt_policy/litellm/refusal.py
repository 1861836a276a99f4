"""A refusal as LiteLLM delivers it: at once, with OpenAI's error body, and without trying another model."""

from __future__ import annotations

from fastapi import HTTPException
from litellm.proxy._types import ProxyException

from prompt_policy.errors import Refusal
from prompt_policy.litellm.foreign import Foreign


class _Uninitialised(HTTPException):
    """ProxyException's initialiser calls the next one with its message, which is no HTTP status."""

    def __init__(self, _message: str) -> None:
        Exception.__init__(self, _message)


class PolicyRefused(ProxyException, _Uninitialised):  # type: ignore[misc]  # LiteLLM has no types
    """Both of LiteLLM's error types at once.

    The router does not retry an HTTPException, and since 1.105 does not fall back on one; the proxy answers with a
    ProxyException's own ``to_dict``, where the code and the parameter are kept.
    """

    def __init__(self, refusal: Refusal, headers: dict[str, str]) -> None:
        self._body = refusal.body()["error"]
        ProxyException.__init__(
            self, refusal.message, refusal.type, refusal.param, code=refusal.status, headers=headers
        )
        # 400 for the router, which tries other models on a 500; the client gets ProxyException's code.
        HTTPException.__init__(self, 400, {"error": refusal.message}, headers)

    @property
    def message(self) -> str | None:
        """What the client is told."""
        return self._body["message"]

    @message.setter
    def message(self, _changed: str) -> None:
        """Keep it as it is: older routers append their own diagnosis."""

    def to_dict(self) -> dict[str, Foreign]:
        """Return the inside of OpenAI's error body."""
        return dict(self._body)


class PolicyFailed(ProxyException):  # type: ignore[misc]  # LiteLLM has no types
    """A fault of ours in mid-stream: an error frame. (On an HTTPException LiteLLM cuts the connection.)"""

    status_code = 500

    def __init__(self, fault: Refusal) -> None:
        super().__init__(fault.message, fault.type, fault.param, code=fault.status, openai_code=fault.code)
