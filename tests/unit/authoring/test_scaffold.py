"""Scaffolding a policy that extends a shipped one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prompt_policy import load
from prompt_policy.authoring.scaffold import scaffold_policy
from prompt_policy.policy.library import list_shipped_names
from prompt_policy.testing import run_policy


@pytest.mark.parametrize("name", list_shipped_names())
def test_a_scaffold_has_the_rules_of_the_shipped_policy(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(scaffold_policy(load(name), "mine"))
    mine = load(file)
    assert mine.rules == load(name).rules
    assert run_policy(mine).passed


@pytest.mark.parametrize("name", list_shipped_names())
def test_uncommenting_the_rules_gives_the_same_policy(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = scaffold_policy(load(name), "mine")
    file.write_text(re.sub(r"(?m)^#(?=rules:|- |  )", "", text))
    assert load(file).rules == load(name).rules
