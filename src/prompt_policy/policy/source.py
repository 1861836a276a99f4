"""The source of a rule: the page, the place on it, the figures there, and how strongly the page speaks."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.yaml_model import YamlModel, check_finite, format_value

SourceKind = Literal["card", "generation_config", "template", "docs", "recipe", "paper", "third_party", "project"]
Strength = Literal["must", "recommended", "evaluation", "example"]
STRENGTHS: Final[tuple[Strength, ...]] = get_args(Strength)
"""From the strongest to the weakest."""

_URL: Final = r"^https?://\S+$"


def _check_item(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise PydanticCustomError("finds", "expected a word or a number, got {value}", {"value": format_value(value)})
    return check_finite(value)


FoundItem = Annotated[Any, BeforeValidator(_check_item), WithJsonSchema({"type": ["string", "number"]})]


class Source(YamlModel):
    """The source of a value: a public page of the model's makers, or a project's own decision."""

    url: str = Field(pattern=_URL, description="The page, at an address that shows its newest revision.")
    revision: str | None = Field(
        None, min_length=1, description="The revision that was read: a commit, a release, or the date of the text."
    )
    read: datetime.date = Field(description="The date on which it was read.")
    where: str | None = Field(None, min_length=1, description="The place on the page: a heading, lines, a key.")
    finds: tuple[FoundItem, ...] = Field(
        (), description="Figures and names that stand together there, for `policies verify`."
    )
    says: str = Field(min_length=1, description="What the page says, in your own words.")
    kind: SourceKind = Field("docs", description="The kind of page; project: a decision that no maker states.")
    strength: Strength = Field(
        "recommended",
        description="must: a requirement; evaluation: used in the maker's benchmarks; example: used in a sample.",
    )
    for_: tuple[str, ...] = Field(
        (), alias="for", description="The rules that it supports, by name; `engine` for the engine options."
    )
    copy_: str | None = Field(
        None, alias="copy", pattern=_URL, description="The public copy that was read, if the page itself was not."
    )

    @model_validator(mode="before")
    @classmethod
    def _check_renamed(cls, value: object) -> object:
        if isinstance(value, dict) and "date" in value and "read" not in value:
            raise PydanticCustomError("renamed", "'date' was renamed; write `read`, the date of reading")
        return value

    @property
    def numbers(self) -> frozenset[float]:
        """The numbers of ``finds``."""
        return frozenset(float(item) for item in self.finds if not isinstance(item, str))

    @property
    def words(self) -> frozenset[str]:
        """The words of ``finds``, folded."""
        return frozenset(item.casefold() for item in self.finds if isinstance(item, str))
