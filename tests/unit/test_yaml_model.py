"""The base class of models read from YAML, and their values."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from prompt_policy.yaml_model import (
    NonEmptyModel,
    Texts,
    WithShortForm,
    YamlModel,
    check_finite,
    format_value,
    in_language,
    list_texts,
)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), (True, "true"), (1, "1"), ("a", "'a'"), ("a" * 99, "'" + "a" * 56 + "...")]
)
def test_values_are_formatted_as_short_yaml(value: object, text: str) -> None:
    assert format_value(value) == text


def test_the_first_text_is_the_fallback() -> None:
    texts = {"en": "a", "zh": "b"}
    assert [in_language(texts, language) for language in ("en", "zh", "fr")] == ["a", "b", "a"]


def test_the_schema_allows_the_short_form_or_the_model() -> None:
    short = {"type": "string"}

    class Item(YamlModel):
        size: int

    class Box(YamlModel):
        item: Annotated[Item, WithShortForm(short, Item)]

    assert Box.model_json_schema()["properties"]["item"]["anyOf"] == [short, Item.model_json_schema()]


def test_import_builds_no_schema_and_compiles_no_pattern() -> None:
    code = (
        "import pydantic; pydantic.BaseModel.model_json_schema = None; import prompt_policy; "
        "from prompt_policy.conditions import language; print(language._patterns.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_an_empty_mapping_is_an_error_that_lists_the_keys() -> None:
    class Size(NonEmptyModel):
        min: int | None = None
        max: int | None = None

    with pytest.raises(ValidationError, match="must not be empty; set min or max"):
        Size()
    assert Size(max=1).max == 1
    assert Size.model_json_schema()["minProperties"] == 1


def test_the_keys_of_a_large_mapping_are_not_listed() -> None:
    class Many(NonEmptyModel):
        a: int = 0
        b: int = 0
        c: int = 0
        d: int = 0
        e: int = 0
        f: int = 0
        g: int = 0
        h: int = 0
        i: int = 0
        j: int = 0
        k: int = 0

    with pytest.raises(ValidationError, match="must not be empty; set a key"):
        Many()


class Inner(YamlModel):
    size: int | None = None
    free: Any = None

    @classmethod
    def explain_null(cls, key: str) -> str | None:
        return None if key == "free" else super().explain_null(key)


class Outer(YamlModel):
    name: str
    text: Texts | None = None
    other: Texts = Field({"en": "a"})
    in_: Inner | None = Field(None, alias="in")
    many: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    ("data", "locs"),
    [
        ({"name": None}, [("name",)]),
        ({"name": "a", "in": None}, [("in",)]),
        ({"name": "a", "in": {"size": None}}, [("in", "size")]),
        ({"name": "a", "many": [{}, {"size": None}]}, [("many", 1, "size")]),
        ({"name": None, "in": {"size": "x"}, "text": None}, [("name",), ("text",), ("in", "size")]),
        ({"name": None, "unknown": None}, [("name",), ("unknown",)]),
        ({"name": "a", "text": {"en": None}}, [("text", "en")]),
    ],
)
def test_a_null_is_an_error_beside_all_others(data: dict[str, Any], locs: list[tuple[str, ...]]) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    assert [error["loc"] for error in caught.value.errors()] == locs


def test_a_key_may_allow_null() -> None:
    assert Inner.model_validate({"free": None}).model_fields_set == {"free"}


def test_texts_are_listed_by_their_key() -> None:
    assert dict(list_texts(Outer(name="x", text={"zh": "b"}))) == {"text": {"zh": "b"}, "other": {"en": "a"}}
    assert list(list_texts(Inner(size=1))) == []


@pytest.mark.parametrize("value", [math.nan, -math.inf, [1, [math.inf]], {"a": {"b": [math.nan]}}])
def test_a_number_that_json_cannot_represent_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="finite"):
        check_finite(value)


@pytest.mark.parametrize("value", [0, 1e308, -1, "nan", True, None, [], {"a": [1.5, None]}])
def test_every_other_value_is_returned(value: object) -> None:
    assert check_finite(value) is value
