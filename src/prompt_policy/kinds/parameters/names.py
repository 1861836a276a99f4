"""The names of parameters that a rule may change."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from prompt_policy.wire.requests.parameters import parse_path

PROTECTED_PARAMETERS: Final = ("model", "messages", "input", "prompt", "stream", "tools")


def _check_name(name: str) -> str:
    if not all(parse_path(name)):
        raise PydanticCustomError("parameter", "'{name}' is not a parameter name", {"name": name})
    if parse_path(name)[0] in PROTECTED_PARAMETERS:
        raise PydanticCustomError("parameter", "'{name}' is protected; a clamp cannot change it", {"name": name})
    return name


_NAME_PATTERN: Final = rf"^(?!({'|'.join(PROTECTED_PARAMETERS)})(\.|$))[^.]+(\.[^.]+)*$"
ParameterName = Annotated[
    str, AfterValidator(_check_name), WithJsonSchema({"type": "string", "pattern": _NAME_PATTERN})
]
"""A top-level or dotted name."""


def is_inside(inner: str, outer: str) -> bool:
    """Return whether a dotted name is that of a value inside another parameter."""
    return inner.startswith(f"{outer}.")
