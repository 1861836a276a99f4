"""JSON values as Python objects, and the value of an absent parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar, final

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]


@final
class Missing:
    """The value of an absent parameter: neither null nor 0."""

    def __repr__(self) -> str:
        return "absent"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()

Value = TypeVar("Value")


class cached_attribute(Generic[Value]):
    """An attribute that is computed on first access and may be assigned.

    Unlike ``functools.cached_property`` it takes no lock, which Python up to 3.11 does.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Json, owner: type | None = None) -> Value:
        value = self._compute(instance)
        setattr(instance, self._name, value)  # writing to __dict__ instead would make every later read slower
        return value
