"""The hosts that every vector goes through; docs/cells.md is generated from this and from the vectors."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
VECTORS: list[dict[str, Any]] = yaml.safe_load((HERE / "vectors.yaml").read_text())
ENDPOINTS = ("chat", "completions", "responses", "messages")


@dataclass(frozen=True)
class Host:
    """A way that a request takes. ``family`` is that of its http client, where it has one."""

    name: str
    title: str
    family: str = ""

    @property
    def is_here(self) -> bool:
        """Whether what the host needs is installed; ``.ci/run`` has an environment for each."""
        if self.family and importlib.util.find_spec(self.family) is None:
            return False
        if "litellm" in self.name:
            return importlib.util.find_spec("litellm") is not None
        return "openai" not in self.name or self.family == _family_of_openai()


def _family_of_openai() -> str:
    if importlib.util.find_spec("openai") is None:
        return ""
    return "httpx2" if int(importlib.metadata.version("openai").partition(".")[0]) >= 3 else "httpx"


_FAMILIES = ("httpx", "httpx2")
HOSTS = (
    Host("pipeline", "the pipeline itself, without a host"),
    Host("asgi", "[ASGI middleware](asgi.md)"),
    Host("litellm", "[LiteLLM's proxy](litellm.md)"),
    *(
        Host(f"{name}-{family}", f"[{title}](openai.md)", family)
        for name, title in (
            ("openai", "`wrap(OpenAI(...))`"),
            ("async-openai", "`wrap(AsyncOpenAI(...))`"),
            ("client", "`policy_http_client()`"),
            ("async-client", "`policy_http_client(async_=True)`"),
            ("client-before-litellm", "`policy_http_client()` before LiteLLM's proxy"),
        )
        for family in _FAMILIES
    ),
)


def cells() -> list[tuple[Host, str, int]]:
    """Return how many vectors stand behind each cell: host, endpoint, vectors; each goes through whole and streamed."""
    count = {endpoint: sum(vector["endpoint"] == endpoint for vector in VECTORS) for endpoint in ENDPOINTS}
    return [(host, endpoint, count[endpoint]) for host in HOSTS for endpoint in ENDPOINTS]
