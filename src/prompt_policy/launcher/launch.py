"""A vLLM that is ready to be started: its command, its environment, and where it will answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Launch:
    """One vLLM to start. ``root`` is the URL without ``/v1``; ``served_name`` is the model that clients ask for.

    ``environment`` is whole: nothing of our own process is added. The key stands there as ``VLLM_API_KEY``, never in
    ``argv``, where other users of the machine would see it.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    root: str
    served_name: str
    api_key: str | None = field(default=None, repr=False)
