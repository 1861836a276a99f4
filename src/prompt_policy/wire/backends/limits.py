"""What a request to a backend must not contain, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from prompt_policy.errors import UsageError, did_you_mean
from prompt_policy.wire.backends.table import PREFILL_FLAGS, BackendSpec, load_backends, load_vllm_parameters
from prompt_policy.wire.capabilities import NO_OBSTACLES, NO_UNSUPPORTED, Capability

DEFAULT_BACKEND: Final = "vllm"
"""The backend of hosts that do not know theirs."""
BACKEND_VARIABLE: Final = "PROMPT_POLICY_BACKEND"
_MAX_NAME_CHARS: Final = 40


class Limits(NamedTuple):
    """What rules must not send on the way to a server.

    Arguments:
        obstacles: the capabilities that are missing, with the reason as a clause.
        unsupported_parameters: the parameters that must not be set, with the reason; their names follow it.
    """

    obstacles: Mapping[Capability, str] = NO_OBSTACLES
    unsupported_parameters: Mapping[str, str] = NO_UNSUPPORTED


NO_LIMITS: Final = Limits()


def describe_unknown_backend(name: object) -> str | None:
    """Return an error, as a clause, if there is no backend of a name, else None."""
    known = load_backends()
    if isinstance(name, str) and name in known:
        return None
    hint = did_you_mean(str(name), list(known))
    return f"unknown backend {str(name)[:_MAX_NAME_CHARS]!r}{hint}; set an engine or a provider of LiteLLM"


def check_backend(name: object, where: str) -> str:
    """Return the name of a backend. Raise UsageError if there is no such backend.

    Arguments:
        name: the name that a user has set.
        where: the setting, for the error.
    """
    if (problem := describe_unknown_backend(name)) is not None:
        raise UsageError(f"{where}: {problem}")
    return str(name)


def resolve_backend(name: str | None, environment: Mapping[str, str]) -> str:
    """Return the backend of a host; without a name, the one in PROMPT_POLICY_BACKEND, or vLLM if that is not set.

    Raise UsageError if there is no such backend.
    """
    if name is not None:
        return check_backend(name, "backend")
    return check_backend(environment.get(BACKEND_VARIABLE) or DEFAULT_BACKEND, BACKEND_VARIABLE)


@lru_cache(maxsize=1024)
def find_limits(name: str | None, provider: str | None = None) -> Limits:
    """Return the limits of a backend. Of one that is not known, only OpenAI's parameters are assumed.

    Arguments:
        name: the backend; None: unknown.
        provider: the provider of LiteLLM that sends the request to it, if any: LiteLLM drops parameters for some.
    """
    known = load_backends()
    backend = known.get(name or "", BackendSpec(name=name or ""))
    subject = f"the backend {name}" if name in known else "an unknown backend"
    read = backend.read_parameters
    unsupported = dict.fromkeys(sorted(load_vllm_parameters() - read), f"not known to {subject}")
    obstacles: dict[Capability, str] = {}
    if not backend.prefill:
        obstacles["prefill"] = f"{subject} is not known to continue a last assistant message"
    sender = known.get(provider or "")
    dropped = sender.dropped_parameters if sender else frozenset[str]()
    unsupported |= dict.fromkeys(sorted(dropped), f"not sent to {provider} by LiteLLM")
    if dropped.intersection(PREFILL_FLAGS):
        obstacles["prefill"] = f"LiteLLM does not send {PREFILL_FLAGS[0]} to {provider}"
    return Limits(MappingProxyType(obstacles), MappingProxyType(unsupported))
