"""The base class of all models read from YAML: frozen, without unknown keys, without type coercion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    Strict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from prompt_policy.language_codes import LANGUAGE_PATTERN, LanguageCode


class YamlModel(BaseModel):
    """A mapping in a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    @classmethod
    def explain_null(cls, key: str) -> str | None:
        """Return why a key that is present must not be null, with a remedy; None: the key may be null.

        YAML reads ``max:`` without a value as null. A key that a half-written file leaves empty is not an unset key.
        """
        return "has no value; set one, or remove the key"

    @model_validator(mode="wrap")
    @classmethod
    def _check_nulls(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - from YAML
        if not isinstance(value, dict) or None not in value.values():
            return handler(value)
        keys = {field.alias or name for name, field in cls.model_fields.items()}
        reasons = {key: cls.explain_null(key) for key, item in value.items() if item is None and key in keys}
        problems = [_build_problem("null", (key,), None, reason) for key, reason in reasons.items() if reason]
        if not problems:
            return handler(value)
        try:
            handler({key: item for key, item in value.items() if not reasons.get(key)})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                # An error of the whole mapping, or of a key that is missing without its null, may follow from the null.
                if detail["loc"] and not reasons.get(str(detail["loc"][0])):
                    context = detail.get("ctx", {})
                    problems.append(
                        _build_problem(detail["type"], detail["loc"], detail["input"], detail["msg"], context)
                    )
        raise ValidationError.from_exception_data(cls.__name__, problems)


def _build_problem(
    kind: str,
    loc: tuple[int | str, ...],
    given: object,
    message: str,
    context: Mapping[str, Any] = MappingProxyType({}),
) -> InitErrorDetails:
    error = PydanticCustomError(kind, "{message}", {**context, "message": message})
    return InitErrorDetails(type=error, loc=loc, input=given)


class PerLanguage:
    """Marks the type of a field that has one text per language."""


def list_texts(model: BaseModel) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each field that has one text per language: its key in YAML and the texts."""
    for name, field in type(model).model_fields.items():
        types = (field, *get_args(field.annotation))
        markers = [item for each in types for item in getattr(each, "__metadata__", getattr(each, "metadata", ()))]
        if any(isinstance(marker, PerLanguage) for marker in markers) and (texts := getattr(model, name)):
            yield field.alias or name, texts


class WithShortForm:
    """Add the short form of a model, such as a plain text, to its JSON Schema.

    The model's schema is built on demand: few programs need one, and building it takes a while.
    """

    def __init__(self, short: dict[str, Any], model: type[YamlModel]) -> None:
        self._short = short
        self._model = model

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [self._short, self._model.model_json_schema()]}


_MAX_LISTED_KEYS: Final = 10


class NonEmptyModel(YamlModel):
    """A mapping in a policy file in which at least one key must be set."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if self.model_fields_set:
            return self
        keys = [field.alias or name for name, field in type(self).model_fields.items()]
        wanted = "a key" if len(keys) > _MAX_LISTED_KEYS else " or ".join([", ".join(keys[:-1]), keys[-1]])
        raise PydanticCustomError("empty", "must not be empty; set {keys}", {"keys": wanted})


def check_finite(value: object) -> object:
    """Return a value of any type. Raise PydanticCustomError if it contains a number that JSON cannot represent."""
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("number", "expected a finite number, got {value}", {"value": format_value(value)})
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_finite(item)
    return value


def _check_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number", "expected a number, got {value}", {"value": format_value(value)})
    return check_finite(value)


def _check_scalar(value: object) -> object:
    if not isinstance(value, str | int | float | bool):
        raise PydanticCustomError(
            "scalar", "expected a text, a number or true/false, got {value}", {"value": format_value(value)}
        )
    return check_finite(value)


def _wrap_in_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _wrap_in_mapping(value: object) -> object:
    if isinstance(value, dict) and "" in value:
        raise PydanticCustomError("language", "a language code is empty; write one such as en or zh")
    return {"": value} if isinstance(value, str) else value


def format_value(value: object) -> str:
    """Return a value for an error message: in YAML notation, truncated to a readable length."""
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}

Flag = Annotated[bool, Strict()]
Number = Annotated[Any, BeforeValidator(_check_number), WithJsonSchema({"type": "number"})]
"""An int or a float; an int is not converted to a float."""
Scalar = Annotated[Any, BeforeValidator(_check_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""A text, a number or a boolean; its type is preserved."""
NonEmptyText = Annotated[str, Field(min_length=1)]
Names = Annotated[
    tuple[NonEmptyText, ...],
    Field(min_length=1),
    BeforeValidator(_wrap_in_list),
    WithJsonSchema({"anyOf": [_TEXT, _TEXTS]}),
]
"""One text or a list of texts."""
AnyNames = Annotated[
    tuple[NonEmptyText, ...],
    BeforeValidator(_wrap_in_list),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}),
]
"""One text or a list of texts, which may be empty."""
_CODE = {"type": "string", "pattern": LANGUAGE_PATTERN}
Languages = Annotated[
    tuple[LanguageCode, ...],
    Field(min_length=1),
    BeforeValidator(_wrap_in_list),
    WithJsonSchema({"anyOf": [_CODE, {"type": "array", "items": _CODE, "minItems": 1}]}),
]
"""One language or a list of languages."""
_TEXT_BY_LANGUAGE = {"type": "object", "minProperties": 1, "propertyNames": _CODE, "additionalProperties": _TEXT}
Texts = Annotated[
    dict[LanguageCode, NonEmptyText],
    Field(min_length=1),
    BeforeValidator(_wrap_in_mapping),
    PerLanguage(),
    WithJsonSchema({"anyOf": [_TEXT, _TEXT_BY_LANGUAGE]}),
]
"""One text, or one per language (ISO 639-1 code); the first is the fallback."""


def in_language(texts: dict[str, str], language: str) -> str:
    """Return the text in a language, or the first text if there is none in it."""
    return texts.get(language) or next(iter(texts.values()))
