"""The server behind the proxy: its URL, its key, and the models that it lists."""

from __future__ import annotations

import http.client
import json
import urllib.error
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from prompt_policy.errors import UsageError
from prompt_policy.net import check_http_url, describe_error, get
from prompt_policy.wire.values import Json

BACKEND_KEY_VARIABLE: Final = "PROMPT_POLICY_BACKEND_API_KEY"
_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True)
class Backend:
    """An OpenAI-compatible server. ``url`` ends with ``/v1``; ``models`` are the names that it lists."""

    url: str
    models: tuple[str, ...]
    key: str | None = None


def query_backend(url: str, key: str | None) -> Backend:
    """Return the backend at a URL, with or without ``/v1``, and its models. Raise UsageError if it is not usable."""
    base = normalize_base_url(url)
    try:
        models = _parse_model_names(json.loads(get(f"{base}/models", key, timeout_s=_TIMEOUT_S)))
    except urllib.error.HTTPError as error:
        raise UsageError(_format_status_error(base, error.code, key)) from None
    except (OSError, http.client.HTTPException) as error:
        raise UsageError(f"backend {base} cannot be reached: {describe_error(error)}") from None
    except (ValueError, LookupError, TypeError):
        raise UsageError(f"backend {base} does not list its models as OpenAI's /v1/models does") from None
    return Backend(base, models, key)


def normalize_base_url(url: str) -> str:
    """Return the URL of ``--backend`` with ``/v1`` at its end. Raise UsageError if it is invalid or holds a password.

    The error does not repeat a password.
    """
    if _has_credentials(url):
        raise UsageError("--backend: the URL contains a user name or password; use --backend-api-key instead")
    check_http_url(url, "--backend")
    return f"{url.rstrip('/').removesuffix('/v1')}/v1"


def _has_credentials(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # check_http_url reports it
        return False
    return parts.username is not None or parts.password is not None


def _parse_model_names(body: Json) -> tuple[str, ...]:
    return tuple(str(model["id"]) for model in body["data"])


def _format_status_error(base: str, status: int, key: str | None) -> str:
    if status not in (401, 403):
        return f"backend {base} answers {base}/models with HTTP {status}; check that it is an OpenAI-compatible server"
    if key:
        return f"backend {base} rejects the key (HTTP {status}); check --backend-api-key"
    return f"backend {base} requires a key; set --backend-api-key or {BACKEND_KEY_VARIABLE}"
