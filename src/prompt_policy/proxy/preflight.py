"""Checks that run before the proxy is started."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.inheritance import STDIN
from prompt_policy.policy.loader import load_paths
from prompt_policy.proxy.litellm_config import MASTER_KEY_VARIABLE

_MODULES: Final = ("litellm", "fastapi", "uvicorn", "starlette")
_EXAMPLE_KEY: Final = "sk-1234"


def check_installed(modules: Sequence[str] = _MODULES) -> None:
    """Raise UsageError if a package of the proxy is missing. Imports none of them: LiteLLM takes seconds."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f'{", ".join(missing)} not installed; run: pip install "prompt-policy[litellm]"')


def check_policies(policies: Sequence[str]) -> None:
    """Raise LoadError with every error in the policies. An empty sequence means the shipped library."""
    if STDIN in policies:
        raise UsageError("--policy -: the proxy cannot read policies from standard input; set --policy to a file")
    load_paths(policies)


def validate_key(option: str, key: str | None) -> str | None:
    """Return a key without surrounding whitespace, or None if it is empty.

    Raise UsageError, naming ``option``, if the key cannot be sent in an HTTP header.
    """
    stripped = (key or "").strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise UsageError(f"{option}: a key must consist of printable ASCII characters without spaces")
    return stripped or None


def read_master_key(environment: Mapping[str, str]) -> str | None:
    """Return the proxy's key from the environment, or None if it is unset. Raise UsageError if it is unusable."""
    key = validate_key(MASTER_KEY_VARIABLE, environment.get(MASTER_KEY_VARIABLE))
    if key == _EXAMPLE_KEY:
        raise UsageError(
            f"{MASTER_KEY_VARIABLE} is the example of LiteLLM's documentation; unset it to have a key generated"
        )
    return key
