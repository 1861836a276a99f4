"""Keeps LiteLLM from changing a request after the policy, by keywords that LiteLLM reads after its deployment hook.

A client's own keywords are removed or refused. A deployment's own ones are applied before the policy, or reported at
start-up. ``keywords.yaml`` lists them all.
"""

from prompt_policy.litellm.blocked_overrides.deployment_text import apply_deployment_text
from prompt_policy.litellm.blocked_overrides.prompt_refusal import find_prompt_refusal
from prompt_policy.litellm.blocked_overrides.removal import (
    describe_override,
    find_overrides,
    forget_overrides,
    strip_overrides,
)

__all__ = [
    "apply_deployment_text",
    "describe_override",
    "find_overrides",
    "find_prompt_refusal",
    "forget_overrides",
    "strip_overrides",
]
