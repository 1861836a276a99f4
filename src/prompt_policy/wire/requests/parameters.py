"""Names and numeric values of request parameters, and the names of the token limit on each endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from prompt_policy.wire.values import Json

ParameterPath = tuple[str, ...]

TOKEN_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""The names of the parameter that limits the generated tokens. An endpoint reads one or two of them."""
_JSON_NUMBER: Final = re.compile(r"\s{0,16}-?\d{1,40}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,4})?\s{0,16}")


class TokenLimitNames(NamedTuple):
    """The names of the token limit on one endpoint.

    Attributes:
        read: the names that the endpoint reads; the first one takes precedence.
        foreign: the names that it ignores, because they belong to other endpoints.
        usual: the name of a new limit.
    """

    read: tuple[str, ...]
    foreign: tuple[str, ...]
    usual: str

    def choose_name(self, name: str) -> str:
        """Return a name if the endpoint reads it, else the usual one."""
        return name if name in self.read else self.usual


CHAT_TOKEN_LIMITS: Final = TokenLimitNames(
    ("max_completion_tokens", "max_tokens"), ("max_output_tokens",), "max_tokens"
)
"""vLLM and LiteLLM prefer ``max_completion_tokens`` if a request has both."""
RESPONSES_TOKEN_LIMITS: Final = TokenLimitNames(
    ("max_output_tokens",), ("max_completion_tokens", "max_tokens"), "max_output_tokens"
)
MAX_TOKENS_ONLY: Final = TokenLimitNames(("max_tokens",), ("max_completion_tokens", "max_output_tokens"), "max_tokens")
"""The names on Messages and text completions."""


def parse_path(name: str) -> ParameterPath:
    """Return the path of a dotted parameter name."""
    return tuple(name.split("."))


def expand_aliases(name: str) -> tuple[ParameterPath, ...]:
    """Return the paths under which a parameter may be set; the three token limits are aliases of one another."""
    return tuple((limit,) for limit in TOKEN_LIMITS) if name in TOKEN_LIMITS else (parse_path(name),)


def is_same_parameter(one: str, other: str) -> bool:
    """Return whether two names are equal, or both are names of the token limit."""
    return one == other or (one in TOKEN_LIMITS and other in TOKEN_LIMITS)


def list_paths(name: str, names: TokenLimitNames) -> Iterator[ParameterPath]:
    """Yield the paths of a parameter on an endpoint in the order of their precedence; foreign names come last."""
    if name in TOKEN_LIMITS:
        yield from ((limit,) for limit in (*names.read, *names.foreign))
    else:
        yield parse_path(name)


def parse_number(value: Json) -> int | float | None:
    """Return a number, or the value of a numeric string; None for NaN and every other type."""
    if isinstance(value, str) and _JSON_NUMBER.fullmatch(value):
        value = float(value) if any(mark in value for mark in ".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124 - NaN
        return None
    return value
