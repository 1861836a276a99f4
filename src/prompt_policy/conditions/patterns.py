"""Regular expressions of policy authors, searched in linear time whatever the text.

The engine is the one that pydantic brings along, Rust's ``regex`` crate: an automaton, without look-around and
back-references, so that no pattern can be made to take forever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError, SchemaError, SchemaValidator, core_schema


def searcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that tells whether a text holds a match. Raise ValueError for what is no such pattern."""
    is_match = searcher_of_whole(pattern)

    def found(text: str) -> bool:
        return is_match(text) or (not text.isascii() and is_match(_whole(text)))

    return found


def searcher_of_whole(pattern: str) -> Callable[[str | None], bool]:
    """Return the same for texts that hold no half of a surrogate pair, which are not looked at for one each time."""
    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(_reason(str(error))) from None
    return validator.isinstance_python


def _whole(text: str) -> str | None:
    """Return a text that holds half a surrogate pair, which is no text for the engine, mended; None for others."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return None


def _reason(message: str) -> str:
    """Return the last line of the engine's message, which says what is wrong; what is before it draws the place."""
    return message.strip().rpartition("\n")[2].strip().removeprefix("error: ")


def _pattern(value: str) -> str:
    try:
        searcher(value)
    except ValueError as error:
        raise PydanticCustomError("pattern", "{reason}", {"reason": str(error)}) from None
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression, as Rust's regex crate reads it."""
