"""Refuses a client's ``prompt_id``, for which LiteLLM would insert the messages of a managed prompt after the policy.

Without the prompt, the request would mean something else, so the keyword is not removed. LiteLLM's own registry of
prompts inserts them before the deployment hook and leaves no ``prompt_id``; such a request passes.
"""

from __future__ import annotations

from typing import Final

from prompt_policy.errors import Refusal
from prompt_policy.litellm.call import DeploymentCall

_PROMPT_ID: Final = "prompt_id"


def find_prompt_refusal(call: DeploymentCall) -> Refusal | None:
    """Return the refusal of a request whose prompt is not inserted yet, or None."""
    if not call.kwargs.get(_PROMPT_ID) or _PROMPT_ID not in call.client_body or not _has_prompt_manager(call.model):
        return None
    return Refusal("prompt_id is not accepted: its prompt would bypass the policy; send the prompt's messages instead",
                   param=_PROMPT_ID)  # fmt: skip


def _has_prompt_manager(model: str) -> bool:
    """Return whether LiteLLM may have prompts: a callback with prompts, or one that is known by its name only."""
    import litellm
    from litellm.integrations.prompt_management_base import PromptManagementBase

    callbacks = (*litellm.callbacks, *litellm.success_callback, *litellm._async_success_callback)
    return model.startswith(tuple(litellm._known_custom_logger_compatible_callbacks)) or any(
        isinstance(callback, str | PromptManagementBase) for callback in callbacks
    )
