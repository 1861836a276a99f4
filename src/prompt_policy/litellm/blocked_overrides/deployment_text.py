"""Applies the texts that a deployment's ``litellm_params`` add to a chat request, before the policy sees it.

LiteLLM adds them after its hooks: a system prompt that no rule would fold or reject, and turns that would follow a
prefill of the policy's.
"""

from __future__ import annotations

from typing import Any, Final

from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.wire import JsonObject

_SYSTEM_PROMPT: Final = "litellm_system_prompt"
_ALTERNATE: Final = "ensure_alternating_roles"
_CONTINUE: Final = ("user_continue_message", "assistant_continue_message")
_KEYWORDS: Final = frozenset((_SYSTEM_PROMPT, _ALTERNATE, *_CONTINUE))


def apply_deployment_text(call: DeploymentCall) -> DeploymentCall:
    """Return a chat call whose messages contain the deployment's texts; the same object if it has none."""
    kwargs, messages = call.kwargs, call.kwargs.get("messages")
    if not (kwargs.get(_SYSTEM_PROMPT) or kwargs.get(_ALTERNATE)):
        return call
    if not isinstance(messages, list) or not all(isinstance(turn, dict) and "role" in turn for turn in messages):
        return call  # the policy or the backend rejects it
    cleaned = {key: value for key, value in kwargs.items() if key not in _KEYWORDS}
    return call.replace_kwargs({**cleaned, "messages": _add_texts(kwargs, call.body, messages)})


def _add_texts(kwargs: JsonObject, body: JsonObject, messages: list[Any]) -> list[Any]:
    """Return the messages as LiteLLM would send them, but with nothing after a prefill of the client's."""
    from litellm.litellm_core_utils.prompt_templates.common_utils import (
        add_system_prompt_to_messages,
        get_completion_messages,
    )

    prefill = messages[-1:] if body.get("continue_final_message") is True else []
    turns = get_completion_messages(
        messages=messages[: len(messages) - len(prefill)],
        ensure_alternating_roles=bool(kwargs.get(_ALTERNATE)),
        **{name: kwargs.get(name) for name in _CONTINUE},
    )
    prompt = kwargs.get(_SYSTEM_PROMPT)
    if prompt:
        turns = add_system_prompt_to_messages(messages=turns, system_prompt=prompt, merge_with_first_system=True)
    return [*turns, *prefill]
