"""A refused request as the error that a client of LiteLLM's proxy, or a caller of its SDK, expects."""

from __future__ import annotations

from prompt_policy.errors import Refusal
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.wire import JsonObject


class RejectedRequestError(Exception):
    """A refused request. LiteLLM needs another class in a proxy than in its SDK: ``create_rejection`` selects it.

    Attributes:
        error_body: the ``error`` object of OpenAI's error body.
    """

    error_body: JsonObject


def create_rejection(refusal: Refusal, headers: dict[str, str], call: DeploymentCall) -> RejectedRequestError:
    """Return the error to raise for a refused call.

    Arguments:
        refusal: the reason.
        headers: the response headers.
        call: the refused call.
    """
    if call.is_proxied:
        from prompt_policy.litellm.errors.proxy import RejectedProxyRequestError  # needs fastapi, as the proxy does

        return RejectedProxyRequestError(refusal, headers)
    from prompt_policy.litellm.errors.sdk import RejectedCallError

    return RejectedCallError(refusal, headers, call.model)
