"""What can be told to be wrong before anything is started."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.chain import STDIN
from prompt_policy.policy.load import load_paths
from prompt_policy.proxy.config import MASTER_KEY_VARIABLE

_MODULES: Final = ("litellm", "fastapi", "uvicorn", "starlette")
_PUBLISHED_KEY: Final = "sk-1234"


def check_installed(modules: Sequence[str] = _MODULES) -> None:
    """Raise UsageError where the proxy's packages are missing. Nothing is imported: LiteLLM takes seconds."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f'{", ".join(missing)} not installed: pip install "prompt-policy[litellm]"')


def check_policies(policies: Sequence[str]) -> None:
    """Raise LoadError with every mistake in the policies; none means the shipped library."""
    if STDIN in policies:
        raise UsageError("--policy -: the proxy reads its policies from files, not from standard input")
    load_paths(policies)


def fit_for_header(option: str, key: str | None) -> str | None:
    """Return a key without the space around it, or None for none. Raise UsageError for what no header takes."""
    stripped = (key or "").strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise UsageError(f"{option}: a key is made of printable ASCII characters without spaces")
    return stripped or None


def master_key(given: Mapping[str, str]) -> str | None:
    """Return the proxy's key from the environment, or None where none is set. Raise UsageError for a useless one."""
    key = fit_for_header(MASTER_KEY_VARIABLE, given.get(MASTER_KEY_VARIABLE))
    if key == _PUBLISHED_KEY:
        raise UsageError(f"{MASTER_KEY_VARIABLE} is the example of LiteLLM's documentation: unset it to have one made")
    return key
