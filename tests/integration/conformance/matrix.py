"""The hosts that every vector is sent through; a reference page is generated from this and from the vectors."""

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
    """A host; ``title`` is its name in the docs, ``family`` the library of its HTTP client, if it has one."""

    name: str
    title: str
    family: str = ""

    @property
    def is_available(self) -> bool:
        """Whether the libraries of the host are installed; ``.ci/run`` has an environment for each."""
        if self.family and importlib.util.find_spec(self.family) is None:
            return False
        if "litellm" in self.name:
            return importlib.util.find_spec("litellm") is not None
        return "openai" not in self.name or self.family == _find_openai_family()


def _find_openai_family() -> str:
    if importlib.util.find_spec("openai") is None:
        return ""
    return "httpx2" if int(importlib.metadata.version("openai").partition(".")[0]) >= 3 else "httpx"


_FAMILIES = ("httpx", "httpx2")
HOSTS = (
    Host("pipeline", "the pipeline itself, without a host"),
    Host("asgi", "[ASGI middleware](../how-to/asgi.md)"),
    Host("litellm", "[LiteLLM's proxy](../how-to/litellm.md)"),
    *(
        Host(f"{name}-{family}", f"[{title}](../how-to/openai.md)", family)
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
    """Return each cell as host, endpoint and its number of vectors; each vector is tested whole and streamed."""
    count = {endpoint: sum(vector["endpoint"] == endpoint for vector in VECTORS) for endpoint in ENDPOINTS}
    return [(host, endpoint, count[endpoint]) for host in HOSTS for endpoint in ENDPOINTS]
