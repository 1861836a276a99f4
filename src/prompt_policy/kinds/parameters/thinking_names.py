"""The names of the parameters about thinking that a rule may set, and the efforts that a model knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.errors import Refusal, did_you_mean
from prompt_policy.wire.requests.thinking import BUDGETS, EFFORT_LEVELS, EFFORTS, SWITCHES, SpellingPath
from prompt_policy.yaml_model import YamlModel


def _list_names(paths: Sequence[SpellingPath]) -> list[str]:
    return [".".join(path) for path in paths]


def _require_name(paths: Sequence[SpellingPath]) -> BeforeValidator:
    names = _list_names(paths)

    def check(value: object) -> object:
        if value in names:
            return value
        known = {"name": str(value), "names": ", ".join(names), "hint": did_you_mean(str(value), names)}
        raise PydanticCustomError("spelling", "no server reads '{name}'{hint}; set one of {names}", known)

    return BeforeValidator(check)


def _enumerate_names(paths: Sequence[SpellingPath]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": _list_names(paths)})


SwitchName = Annotated[str, _require_name(SWITCHES), _enumerate_names(SWITCHES)]
EffortName = Annotated[str, _require_name(EFFORTS), _enumerate_names(EFFORTS)]
BudgetName = Annotated[str, _require_name(BUDGETS), _enumerate_names(BUDGETS)]
_LEVELS_SCHEMA: Final = {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}
Levels = Annotated[
    dict[str, str],
    Field(min_length=1),
    BeforeValidator(lambda value: {level: level for level in value} if isinstance(value, list) else value),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, _LEVELS_SCHEMA]}),
]


class EffortOptions(YamlModel):
    """The levels of effort that a model knows."""

    to: EffortName = Field(description="The parameter that gets the effort.")
    levels: Levels = Field(
        description="The levels that the model knows: a list, or a mapping from a client's level to the value to send."
    )
    unsupported: Literal["nearest", "reject"] = Field(
        "nearest", description="Use the nearest level, or reject the request with HTTP 400."
    )

    @model_validator(mode="after")
    def _check_levels(self) -> Self:
        for value in self.levels.values():
            if self.levels.get(value, value) != value:
                reason = {"value": value, "other": self.levels[value]}
                raise PydanticCustomError("levels", "'{value}' is sent, and is itself mapped to '{other}'", reason)
        return self

    def map_level(self, level: str) -> str:
        """Return the value to send for a level. Raise Refusal if it is not supported."""
        if level in self.levels:
            return self.levels[level]
        if level in self.levels.values():
            return level
        if self.unsupported == "reject":
            raise Refusal(f"{self.to} must be one of {', '.join(self.levels)}, not '{level[:40]}'", param=self.to)
        known = [known for known in EFFORT_LEVELS if known in self.levels and (known != "none" or level == "none")]
        if level not in EFFORT_LEVELS or not known:
            return level
        rank = EFFORT_LEVELS.index(level)
        return self.levels[min(known, key=lambda other: abs(EFFORT_LEVELS.index(other) - rank))]
