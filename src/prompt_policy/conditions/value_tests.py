"""Tests of single values and texts, as conditions hold them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.patterns import Pattern, searcher
from prompt_policy.conditions.situation import Situation
from prompt_policy.wire import MISSING, Json
from prompt_policy.wire.parameters import number_of
from prompt_policy.yaml_model import NOT_EMPTY, Flag, Names, Number, Scalar, YamlModel

Condition = Callable[[Situation], bool]

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


class ParameterTest(YamlModel):
    """What must hold of one parameter. An absent or null one fails every test but ``ne`` and ``present``."""

    model_config = NOT_EMPTY

    gt: Number | None = Field(None, description="Greater than.")
    ge: Number | None = Field(None, description="Greater than or equal to.")
    lt: Number | None = Field(None, description="Less than.")
    le: Number | None = Field(None, description="Less than or equal to.")
    eq: Scalar | None = Field(None, description="Equal to.")
    ne: Scalar | None = Field(None, description="Different from.")
    present: Flag | None = Field(None, description="Given and not null (true); absent or null (false).")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "an empty test says nothing")
        return self


class TextTest(YamlModel):
    """What must hold of a text; every key given."""

    model_config = NOT_EMPTY

    contains: Names | None = Field(None, description="One of these texts stands in it, letter by letter.")
    matches: Pattern | None = Field(None, description="A regular expression (Rust's) matches somewhere in it.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "an empty test says nothing")
        return self


Test = Annotated[
    ParameterTest,
    BeforeValidator(lambda value: value if isinstance(value, dict) else {"eq": value}),
    WithJsonSchema({"anyOf": [{"type": ["string", "number", "boolean"]}, ParameterTest.model_json_schema()]}),
]


def of_value(test: ParameterTest, value_of: Callable[[Situation], Json]) -> Condition:
    bounds = [(_COMPARE[key], bound) for key in _COMPARE if (bound := getattr(test, key)) is not None]

    def holds(situation: Situation) -> bool:
        value = value_of(situation)
        if test.present is not None and test.present is (value is MISSING):
            return False
        if test.ne is not None and value == test.ne:
            return False
        if test.eq is not None and not _equal(value, test.eq):
            return False
        number = number_of(value)
        return all(number is not None and compare(number, bound) for compare, bound in bounds)

    return holds


def of_text(test: TextTest, text_of: Callable[[Situation], str]) -> list[Condition]:
    checks: list[Condition] = []
    if (texts := test.contains) is not None:
        checks.append(lambda s: any(text in text_of(s) for text in texts))
    if test.matches is not None:
        found = searcher(test.matches)
        checks.append(lambda s: found(text_of(s)))
    return checks


def _equal(value: Json, wanted: str | int | float | bool) -> bool:
    """Compare as JSON does: true is not 1."""
    return isinstance(value, bool) is isinstance(wanted, bool) and bool(value == wanted)
