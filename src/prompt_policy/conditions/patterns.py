"""Regular expressions of policy files, searched in linear time for every text.

The engine is the one in pydantic: Rust's ``regex`` crate. It is an automaton without look-around and back-references,
so no pattern can take exponential time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError, SchemaError, SchemaValidator, core_schema


def compile_search(pattern: str) -> Callable[[str], bool]:
    """Return a function that returns whether a text contains a match.

    Raise ValueError if the pattern is not valid in this engine.
    """
    is_match = compile_search_valid_utf8(pattern)

    def search(text: str) -> bool:
        return is_match(text) or (not text.isascii() and is_match(_replace_lone_surrogates(text)))

    return search


def compile_search_valid_utf8(pattern: str) -> Callable[[str | None], bool]:
    """Return such a function for texts without lone surrogates, in which it finds nothing; it does not check them.

    Raise ValueError if the pattern is not valid in this engine.
    """
    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError(_extract_reason(str(error))) from None
    return validator.isinstance_python


def _replace_lone_surrogates(text: str) -> str | None:
    """Return a text with its lone surrogates replaced, because the engine rejects them; None if it has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return None


def _extract_reason(message: str) -> str:
    """Return the last line of the engine's message; the lines before it draw the position in the pattern."""
    return message.strip().rpartition("\n")[2].strip().removeprefix("error: ")


def _check_pattern(value: str) -> str:
    try:
        compile_search(value)
    except ValueError as error:
        raise PydanticCustomError("pattern", "{reason}", {"reason": str(error)}) from None
    return value


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_check_pattern)]
"""A regular expression in the syntax of Rust's regex crate."""
