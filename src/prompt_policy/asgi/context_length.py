"""The context length of the server behind the middleware: a setting, or that of vLLM's engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prompt_policy.asgi.protocol import Scope
from prompt_policy.errors import UsageError

CONTEXT_VARIABLE: Final = "PROMPT_POLICY_MAX_MODEL_LEN"


def parse_context_length(environment: Mapping[str, str]) -> int | None:
    """Return the number of tokens in PROMPT_POLICY_MAX_MODEL_LEN, or None. Raise UsageError if it is not a number."""
    value = environment.get(CONTEXT_VARIABLE)
    if not value:
        return None
    if not value.isdecimal() or not int(value):
        raise UsageError(f"{CONTEXT_VARIABLE}: expected a number of tokens, got {value!r}")
    return int(value)


def find_context_length(scope: Scope) -> int | None:
    """Return the context length of the engine if the app is vLLM's server, else None.

    vLLM stores its configuration as ``app.state.vllm_config``; its own routes read it there (vLLM 0.11 to 0.32).
    """
    state = getattr(scope.get("app"), "state", None)
    model_config = getattr(getattr(state, "vllm_config", None), "model_config", None)
    length = getattr(model_config, "max_model_len", None)
    return length if isinstance(length, int) and length > 0 else None
