"""JSON values as Python holds them, and the value of what is absent."""

from __future__ import annotations

from typing import Any, Final, TypeAlias, final

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]


@final
class Missing:
    """The value of what is absent: neither null nor 0."""

    def __repr__(self) -> str:
        return "absent"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()
