"""Which program a server is, by what it states about itself: LiteLLM, vLLM, or vLLM's Rust front end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final, Literal

from prompt_policy.net import HttpReply
from prompt_policy.wire.values import Json

Software = Literal["LiteLLM", "vLLM", "vLLM's Rust front end"]
Get = Callable[[str], HttpReply]
"""Returns the response to a GET of a path."""

LITELLM_PREFIX: Final = "x-litellm-"
_OK: Final = 200
_RUST_OWNER: Final = "vllm-frontend-rs"


@dataclass(frozen=True)
class ServerIdentity:
    """A server's program and version; None: unknown."""

    software: Software | None = None
    version: str | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.software, self.version) if part) or "unknown software"


def identify_server(get: Get, models: Json, headers: Mapping[str, str]) -> ServerIdentity:
    """Return the identity of a server.

    LiteLLM sends headers of its own, or its version in ``/health/readiness``. vLLM answers ``/version``; its Rust front
    end adds ``rust_frontend_version`` there, and in its first releases named itself in the list of models.

    Arguments:
        get: requests a path of the server.
        models: the parsed response of ``/v1/models``.
        headers: the headers of any response of the server.
    """
    if any(name.startswith(LITELLM_PREFIX) for name in headers):
        version = headers.get("x-litellm-version") or _read_field(get, "/health/readiness", "litellm_version")
        return ServerIdentity("LiteLLM", version)
    if (version := _read_field(get, "/health/readiness", "litellm_version")) is not None:
        return ServerIdentity("LiteLLM", version)
    version = _read_field(get, "/version", "version")
    if _read_field(get, "/version", "rust_frontend_version") is not None or _RUST_OWNER in _list_owners(models):
        return ServerIdentity("vLLM's Rust front end", version)
    is_vllm = version is not None or "vllm" in _list_owners(models)
    return ServerIdentity("vLLM", version) if is_vllm else ServerIdentity()


def list_model_names(models: Json) -> list[str]:
    """Return the names in a response of ``/v1/models``; none if it has another form."""
    return [str(row["id"]) for row in _list_rows(models) if "id" in row]


def _list_owners(models: Json) -> list[str]:
    return [str(row.get("owned_by")) for row in _list_rows(models)]


def _list_rows(models: Json) -> list[dict[str, Json]]:
    rows = models.get("data") if isinstance(models, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _read_field(get: Get, path: str, key: str) -> str | None:
    try:
        reply = get(path)
    except (OSError, HTTPException):  # a server need not have the path; whether it answers at all is checked elsewhere
        return None
    value = reply.parse_object().get(key) if reply.status == _OK else None
    return value if isinstance(value, str) else None
