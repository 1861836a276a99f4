"""The bounds of a number, which may depend on another parameter or on the server's context."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Skip
from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.wire import Json, Request
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, ParameterPath, parse_number, parse_path
from prompt_policy.yaml_model import format_value

NUMBERS: Final = frozenset({int, float})
Limit = Callable[[Request, ParameterPath, Json], Skip | None]
"""Bring a parameter's value within the bounds. Return why that is impossible. Raise Refusal if it is not a number."""
Reference = Callable[[Request], float]
"""Return the upper bound that another parameter sets, or infinity."""


def compile_limit(bounds: Bounds) -> Limit:
    """Return the function that bounds a value."""
    reference = compile_reference(bounds)

    def limit(request: Request, path: ParameterPath, value: Json) -> Skip | None:
        number = parse_number(value)
        if number is None:
            name = ".".join(path)
            raise Refusal(f"{name} must be a number", param=name)
        clamped = bounds.clamp(number)
        if reference is not None:
            clamped = min(clamped, reference(request))
        if clamped == number:
            return None
        if clamped > number and (overflow := find_overflow(request, path[0], clamped)) is not None:
            return overflow
        if len(path) == 1:
            request.replace(path[0], value, clamped)
        else:
            request.set(path, clamped)
        return None

    return limit


def compile_default(bounds: Bounds) -> Callable[[Request, ParameterPath], Skip | None]:
    """Return the function that sets the default of an absent parameter."""
    default, reference = bounds.default, compile_reference(bounds)

    def set_default(request: Request, path: ParameterPath) -> Skip | None:
        value = default if reference is None else min(default, reference(request))
        overflow = find_overflow(request, path[0], value)
        if overflow is None:
            request.set(path, value)
        return overflow

    return set_default


def compile_reference(bounds: Bounds) -> Reference | None:
    """Return the function that reads the bound ``max_of``, or None. It is never below ``min``, nor below 0."""
    if bounds.max_of is None:
        return None
    name, minus = bounds.max_of, bounds.minus or 0
    lowest = 0 if bounds.min is None else bounds.min

    def read_reference(request: Request) -> float:
        number = min(_list_numbers(request, name), default=math.inf)
        return max(number - minus, lowest)

    return read_reference


def _list_numbers(request: Request, name: str) -> Iterator[int | float]:
    """Yield the numbers under a name. Of a token limit, names that the endpoint does not read count last."""
    limits = request.token_limits
    for names in (limits.read, limits.foreign) if name in TOKEN_LIMITS else ((name,),):
        values = [request.find(parse_path(each)) for each in names]
        numbers = [number for value in values if (number := parse_number(value)) is not None]
        yield from numbers
        if numbers:
            return


def find_overflow(request: Request, name: str, value: Json) -> Skip | None:
    """Return why the server's context cannot hold as many tokens as a value of the token limit, or None if it can."""
    length = request.original.max_model_len
    if length is None or name not in TOKEN_LIMITS:
        return None
    number = parse_number(value)
    if number is None or number < length:
        return None
    return Skip(f"{name} {format_value(value)} does not fit the server's context of {length} tokens")
