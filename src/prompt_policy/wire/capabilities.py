"""What a rule may need of the way to the server, and that not every backend or host has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

Capability = Literal["prefill", "visible_answer"]
"""What a rule may need of the way to the server, beside the parameters that it sets.

- ``prefill``: the server continues a last assistant message;
- ``visible_answer``: the host sees the answer, and can change what the client reads.
"""
NO_OBSTACLES: Final[Mapping[Capability, str]] = MappingProxyType({})
NO_UNSUPPORTED: Final[Mapping[str, str]] = MappingProxyType({})


def find_obstacle(obstacles: Mapping[Capability, str], needed: Iterable[Capability]) -> str | None:
    """Return the reason for the first of the needed capabilities that is missing, or None."""
    return next((obstacles[each] for each in needed if each in obstacles), None) if obstacles else None
