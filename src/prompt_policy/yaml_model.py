"""The base of every model that comes from YAML: frozen, no unknown keys, no guessing of types."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError


class YamlModel(BaseModel):
    """A mapping in a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)


NOT_EMPTY: Final = ConfigDict(json_schema_extra={"minProperties": 1})
"""For models of which an empty mapping says nothing; the model itself has to refuse it."""


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number", "expected a number, got {value}", {"value": shown(value)})
    if not math.isfinite(value):
        raise PydanticCustomError("number", "expected a finite number, got {value}", {"value": shown(value)})
    return value


def _scalar(value: object) -> object:
    if not isinstance(value, str | int | float | bool):
        raise PydanticCustomError(
            "scalar", "expected a text, a number or true/false, got {value}", {"value": shown(value)}
        )
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_language(value: object) -> object:
    return {"": value} if isinstance(value, str) else value


def shown(value: object) -> str:
    """Return a value as an error message shows it: YAML's words, cut to a readable length."""
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}

Flag = Annotated[bool, Strict()]
Number = Annotated[Any, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
"""An int or a float as written; an int stays an int."""
Scalar = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""A text, a number or a boolean, as written."""
Names = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [_TEXT, _TEXTS]}),
]
"""One text or a list of texts."""
Texts = Annotated[
    dict[str, str],
    Field(min_length=1),
    BeforeValidator(_by_language),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "object", "additionalProperties": _TEXT, "minProperties": 1}]}),
]
"""One text, or one per language (ISO 639-1 code); the first is the fallback."""


def in_language(texts: dict[str, str], language: str) -> str:
    """Return the text for a language, or the first."""
    return texts.get(language) or next(iter(texts.values()))
