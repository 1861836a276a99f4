"""The names of parameters that a rule may change."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from prompt_policy.kinds.parameters.names import PROTECTED_PARAMETERS, ParameterName, is_inside

NAMES: TypeAdapter[str] = TypeAdapter(ParameterName)


@pytest.mark.parametrize("name", ["temperature", "a.b.c", "modelling", "chat_template_kwargs.enable_thinking"])
def test_top_level_and_dotted_names_are_valid(name: str) -> None:
    assert NAMES.validate_python(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "a..b", *PROTECTED_PARAMETERS, *(f"{name}.x" for name in PROTECTED_PARAMETERS)]
)
def test_empty_and_protected_names_are_errors(name: str) -> None:
    with pytest.raises(ValidationError, match="is not a parameter name|is protected"):
        NAMES.validate_python(name)


@pytest.mark.parametrize(
    ("inner", "outer", "expected"), [("a.b", "a", True), ("a.b.c", "a", True), ("a", "a", False), ("ab.c", "a", False)]
)
def test_a_name_is_inside_another_one_below_it(inner: str, outer: str, expected: bool) -> None:
    assert is_inside(inner, outer) is expected
