"""A policy to start from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prompt_policy import load
from prompt_policy.policy.library import shipped_names
from prompt_policy.testing import run_policy
from prompt_policy.workshop.copied import copied


@pytest.mark.parametrize("name", shipped_names())
def test_it_loads_passes_and_does_what_the_shipped_one_does(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(copied(load(name), "mine"))
    mine = load(file)
    assert mine.rules == load(name).rules
    assert run_policy(mine).passed


@pytest.mark.parametrize("name", shipped_names())
def test_its_comments_are_the_rules_once_they_are_none(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = copied(load(name), "mine")
    file.write_text(re.sub(r"(?m)^#(?=rules:|- |  )", "", text))
    assert load(file).rules == load(name).rules
