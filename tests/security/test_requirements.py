"""Promise: every requirement has a range of versions, so that no new major release is installed unnoticed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

DECLARED = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
PROJECT = DECLARED["project"]
REQUIREMENTS = sorted(
    {
        *DECLARED["build-system"]["requires"],
        *PROJECT["dependencies"],
        *(requirement for extra in PROJECT["optional-dependencies"].values() for requirement in extra),
    }
)
UNBOUNDED = {PROJECT["name"]: "this package itself: an extra that includes other extras"}
NAME = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?")


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_every_requirement_has_a_lower_and_an_upper_bound(requirement: str) -> None:
    name = NAME.match(requirement)
    assert name is not None
    bounds = requirement[name.end() :].split(",")
    if name[1] in UNBOUNDED:
        assert bounds == [""]
        return
    assert sorted(re.sub(r"[\d.]+", "", bound) for bound in bounds) == ["<", ">="], requirement


def test_requirements_are_found() -> None:
    assert len(REQUIREMENTS) > 30
