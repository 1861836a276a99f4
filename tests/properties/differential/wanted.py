"""The differences that are intended, from a file in which each has its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel

from tests.properties.differential.compare import Difference

WANTED_FILE: Final = Path(__file__).parent / "wanted.yaml"


class Wanted(BaseModel):
    """One intended difference; see the comment in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: re.Pattern[str]
    reason: str = Field(min_length=10)
    case: re.Pattern[str] | None = None
    old: re.Pattern[str] | None = None
    new: re.Pattern[str] | None = None

    def matches(self, case: str, difference: Difference) -> bool:
        """Return whether a difference is this one."""
        old, new = (json.dumps(value, ensure_ascii=False) for value in difference[1:])
        pairs = ((self.path, difference.path), (self.case, case), (self.old, old), (self.new, new))
        return all(pattern is None or pattern.search(text) for pattern, text in pairs)


class WantedList(RootModel[tuple[Wanted, ...]]):
    """All of them."""


def read_wanted(path: Path = WANTED_FILE) -> tuple[Wanted, ...]:
    """Return the intended differences of a file. Raise pydantic's ValidationError if it is not in form."""
    return WantedList.model_validate(yaml.safe_load(path.read_text())).root


def unwanted(case: str, differences: Iterable[Difference], wanted: Iterable[Wanted]) -> list[Difference]:
    """Return the differences of a case that are not intended."""
    return [each for each in differences if not any(one.matches(case, each) for one in wanted)]
