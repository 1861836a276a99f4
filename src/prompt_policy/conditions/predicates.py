"""Predicates on single values and texts."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.context import EvaluationContext
from prompt_policy.conditions.patterns import Pattern, compile_search
from prompt_policy.wire import MISSING, Json
from prompt_policy.wire.requests.parameters import parse_number
from prompt_policy.yaml_model import Flag, Names, NonEmptyModel, Number, Scalar, WithShortForm

_HEADER_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}")
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
"""Headers that no condition may read, so that no decision depends on a secret."""
Predicate = Callable[[EvaluationContext], bool]
"""Return whether a condition holds for a request."""

_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


class ParameterMatcher(NonEmptyModel):
    """Predicates on one value, which must all hold. An absent or null value fails all except ``ne`` and ``present``."""

    gt: Number | None = Field(None, description="Greater than.")
    ge: Number | None = Field(None, description="Greater than or equal to.")
    lt: Number | None = Field(None, description="Less than.")
    le: Number | None = Field(None, description="Less than or equal to.")
    eq: Scalar | None = Field(None, description="Equal to.")
    ne: Scalar | None = Field(None, description="Different from.")
    present: Flag | None = Field(None, description="Present and not null (true), or absent or null (false).")


class TextMatcher(NonEmptyModel):
    """Predicates on a text, which must all hold."""

    contains: Names | None = Field(None, description="Contains one of these texts, case-sensitive.")
    matches: Pattern | None = Field(None, description="Contains a match of this regular expression (Rust syntax).")


def _wrap_in_matcher(value: object) -> object:
    if value is None:
        message = "has no value; set one, or write {absent} for an absent parameter"
        raise PydanticCustomError("null", message, {"absent": "{present: false}"})
    return value if isinstance(value, dict) else {"eq": value}


Matcher = Annotated[
    ParameterMatcher,
    BeforeValidator(_wrap_in_matcher),
    WithShortForm({"type": ["string", "number", "boolean"]}, ParameterMatcher),
]


def _check_header_name(name: str) -> str:
    lowered = name.lower()
    if not _HEADER_NAME.fullmatch(lowered):
        raise PydanticCustomError("header", "'{name}' is not a header's name", {"name": name})
    if lowered in _CREDENTIALS:
        raise PydanticCustomError("header", "'{name}' is a credential; use team or key_alias", {"name": name})
    return lowered


def _check_spellings(headers: object) -> object:
    names = [name.lower() for name in headers if isinstance(name, str)] if isinstance(headers, dict) else []
    if twice := [name for name in names if names.count(name) > 1]:
        raise PydanticCustomError("header", "'{name}' has two spellings; keep one", {"name": twice[0]})
    return headers


Headers = Annotated[
    dict[Annotated[str, AfterValidator(_check_header_name)], TextMatcher],
    Field(min_length=1),
    BeforeValidator(_check_spellings),
]
"""Predicates by the name of a header, in lower case."""


def compile_value_predicate(matcher: ParameterMatcher, get_value: Callable[[EvaluationContext], Json]) -> Predicate:
    """Compile predicates on a value to one function. ``get_value`` returns the value, or MISSING."""
    bounds = [(_OPERATORS[key], bound) for key in _OPERATORS if (bound := getattr(matcher, key)) is not None]

    def holds(context: EvaluationContext) -> bool:
        value = get_value(context)
        if matcher.present is not None and matcher.present is (value is MISSING):
            return False
        if matcher.ne is not None and value == matcher.ne:
            return False
        if matcher.eq is not None and not _are_equal(value, matcher.eq):
            return False
        number = parse_number(value)
        return all(number is not None and compare(number, bound) for compare, bound in bounds)

    return holds


def compile_text_predicates(matcher: TextMatcher, get_text: Callable[[EvaluationContext], str]) -> list[Predicate]:
    """Compile predicates on a text to one function each."""
    predicates: list[Predicate] = []
    if (texts := matcher.contains) is not None:
        predicates.append(lambda c: any(text in get_text(c) for text in texts))
    if matcher.matches is not None:
        search = compile_search(matcher.matches)
        predicates.append(lambda c: search(get_text(c)))
    return predicates


def _are_equal(value: Json, expected: str | int | float | bool) -> bool:
    """Compare as JSON does: true is not 1."""
    return isinstance(value, bool) is isinstance(expected, bool) and bool(value == expected)
