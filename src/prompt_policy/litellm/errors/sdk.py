"""A refusal as an error that callers of LiteLLM's SDK catch, and that LiteLLM neither retries nor falls back on."""

from __future__ import annotations

import json
from typing import Final

import httpx
from litellm.exceptions import BadRequestError, GuardrailRaisedException

from prompt_policy.errors import Refusal
from prompt_policy.litellm.errors import RejectedRequestError

_PROVIDER: Final = "prompt_policy"


class RejectedCallError(BadRequestError, GuardrailRaisedException, ImportError, RejectedRequestError):  # type: ignore[misc]  # LiteLLM has no types
    """A refused call, as LiteLLM's BadRequestError, with the code and the parameter of OpenAI's error body.

    It has two more base classes because of what LiteLLM does with errors. Routers of 1.105 and newer try no other model
    after a GuardrailRaisedException. With ``num_retries``, LiteLLM repeats a failed call without its hooks, and so
    without the policy; since 1.106 it does not for an ImportError.
    """

    def __init__(self, refusal: Refusal, headers: dict[str, str], model: str) -> None:
        body = refusal.body()
        request = httpx.Request("POST", "http://litellm.invalid")
        # Escaped, because a refusal may quote a lone surrogate of the request. The status is 400 for an internal error,
        # too, because a router repeats a call after a 500.
        content, media_type = json.dumps(body).encode(), {"content-type": "application/json"}
        response = httpx.Response(400, headers=headers | media_type, content=content, request=request)
        BadRequestError.__init__(self, refusal.message, model, _PROVIDER, response=response, body=body["error"])
        self.guardrail_name = _PROVIDER
        self.error_body = body["error"]

    def __str__(self) -> str:
        """Return the message without LiteLLM's count of retries, because there were none."""
        return str(self.message)
