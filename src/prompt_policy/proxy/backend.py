"""The server behind the proxy: its address, its key, and the models that it names."""

from __future__ import annotations

import http.client
import json
import urllib.error
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from prompt_policy.errors import UsageError
from prompt_policy.launcher.fetch import fetched
from prompt_policy.launcher.ports import told
from prompt_policy.wire.values import Json

KEY_VARIABLE: Final = "PROMPT_POLICY_BACKEND_API_KEY"
_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True)
class Backend:
    """An OpenAI-compatible server. ``url`` ends with ``/v1``; ``models`` are the names that it lists."""

    url: str
    models: tuple[str, ...]
    key: str | None = None


def asked(url: str, key: str | None) -> Backend:
    """Ask a server for its models. ``url`` may end with ``/v1`` or not. Raise UsageError where it cannot be used."""
    base = base_of(url)
    try:
        models = _names(json.loads(fetched(f"{base}/models", key, timeout_s=_TIMEOUT_S)))
    except urllib.error.HTTPError as error:
        raise UsageError(_refused(base, error.code, key)) from None
    except (OSError, http.client.HTTPException) as error:
        raise UsageError(f"backend {base} cannot be reached: {told(error)}") from None
    except (ValueError, LookupError, TypeError):
        raise UsageError(f"backend {base} does not list its models as OpenAI's /v1/models does") from None
    return Backend(base, models, key)


def base_of(url: str) -> str:
    """Return a server's URL with ``/v1`` at its end. Raise UsageError, for ``--backend``, where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError as error:
        raise UsageError(f"--backend {url}: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("--backend: a name and a password cannot stand in the URL: give a key with --backend-api-key")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--backend {url}: expected a URL such as http://127.0.0.1:8000")
    return f"{url.rstrip('/').removesuffix('/v1')}/v1"


def _names(listed: Json) -> tuple[str, ...]:
    return tuple(str(model["id"]) for model in listed["data"])


def _refused(base: str, status: int, key: str | None) -> str:
    if status not in (401, 403):
        return f"backend {base} answers {base}/models with HTTP {status}: is it an OpenAI-compatible server?"
    if key:
        return f"backend {base} refuses the key that was given (HTTP {status})"
    return f"backend {base} wants a key: give it with --backend-api-key or in {KEY_VARIABLE}"
