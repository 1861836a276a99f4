"""What servers accept beyond OpenAI's API: ``backends.yaml``, by the name of an engine or of a LiteLLM provider."""

from prompt_policy.wire.backends.limits import (
    BACKEND_VARIABLE,
    DEFAULT_BACKEND,
    NO_LIMITS,
    Limits,
    check_backend,
    describe_unknown_backend,
    find_limits,
    resolve_backend,
)
from prompt_policy.wire.backends.table import BackendSpec, list_providers, load_backends, load_vllm_parameters

__all__ = [
    "BACKEND_VARIABLE",
    "DEFAULT_BACKEND",
    "NO_LIMITS",
    "BackendSpec",
    "Limits",
    "check_backend",
    "describe_unknown_backend",
    "find_limits",
    "list_providers",
    "load_backends",
    "load_vllm_parameters",
    "resolve_backend",
]
