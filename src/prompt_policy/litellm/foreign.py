"""The type of LiteLLM's objects, for which it ships no types that could be checked against."""

from __future__ import annotations

from typing import Any, TypeAlias

Foreign: TypeAlias = Any
