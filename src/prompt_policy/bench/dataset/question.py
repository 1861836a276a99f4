"""A question of the benchmark with its expected answer."""

from __future__ import annotations

import json
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from prompt_policy.wire.values import Json

DEFAULT_FAMILY: Final = "all"

MatchMethod = Literal["box", "gsm8k", "contains", "regex", "last-number", "json-schema", "judge"]
"""How an answer is compared with the expected one.

- ``box``: the last ``\\boxed{}``, else the text after a last ``####``, as mathematics.
- ``gsm8k``: the text after a last ``####`` alone, as mathematics.
- ``contains``: the answer contains the expected words.
- ``regex``: the answer contains a match of the expected pattern.
- ``last-number``: the last number of the answer equals the expected one.
- ``json-schema``: the answer is JSON that is valid against the expected JSON schema.
- ``judge``: an external command decides.
"""

MATCH_METHODS: Final[tuple[MatchMethod, ...]] = get_args(MatchMethod)
MATH_METHODS: Final[tuple[MatchMethod, ...]] = ("box", "gsm8k", "last-number")


class Question(BaseModel):
    """One question. ``family`` groups questions of the same kind, whose results are compared separately."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    family: str = DEFAULT_FAMILY
    match: MatchMethod | None = None
    """How the answer is compared; None: as the run compares."""

    @field_validator("answer", mode="before")
    @classmethod
    def _dump_schema(cls, answer: Json) -> Json:
        """Return a JSON schema as text."""
        return json.dumps(answer, ensure_ascii=False) if isinstance(answer, dict) else answer
