"""Finds the parameters of a deployment that contradict its policy, for one line each at start-up.

LiteLLM acts on them after its hooks. They are the administrator's own, so they are reported, not removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prompt_policy.kinds.clamp import Clamp
from prompt_policy.policy.model import Policy

_EFFECTS: Final = {
    "deployment_id": "LiteLLM sends the request to this Azure deployment, whatever model the policy was selected for",
    "text_completion": "LiteLLM sends chat requests as text completions, whose prompts and answers no policy covers",
    "prompt_id": "LiteLLM inserts the prompt's messages after the policy",
}
_DROPS: Final = "additional_drop_params"
_EXTRA_BODY: Final = "extra_body"


def find_contradictions(parameters: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """Yield one line for each of a deployment's ``litellm_params`` that undoes what its policy does."""
    for name, effect in _EFFECTS.items():
        if parameters.get(name):
            yield f"litellm_params.{name} contradicts the policy: {effect}; remove it"
    extra = parameters.get(_EXTRA_BODY)
    if isinstance(extra, dict) and "model" in extra:
        yield f"litellm_params.{_EXTRA_BODY}.model contradicts the policy: it replaces litellm_params.model; remove it"
    dropped = parameters.get(_DROPS)
    undone = _find_parameters(policy) & {str(name) for name in dropped} if isinstance(dropped, list) else ()
    if undone:
        yield f"litellm_params.{_DROPS} contradicts the policy, which sets {', '.join(sorted(undone))}; remove them"


def _find_parameters(policy: Policy) -> set[str]:
    """Return the parameters that the policy's rules set."""
    return {name for rule in policy.rules if isinstance(rule, Clamp) for name in rule.parameters}
