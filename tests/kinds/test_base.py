"""What kinds have in common."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prompt_policy.kinds import kinds
from prompt_policy.kinds.base import Rule, Skip
from tests.support import policy_of


def test_every_kind_is_found_by_its_modules_name() -> None:
    assert set(kinds()) == {
        "append_suffix", "clamp", "filter_whitespace", "fold_system", "force_opening", "reject", "strip_reasoning",
    }  # fmt: skip
    for name, rule in kinds().items():
        assert rule.__module__ == f"prompt_policy.kinds.{name}"
        assert issubclass(rule, Rule)


def test_class_names_are_distinct() -> None:
    assert len({rule.__name__ for rule in kinds().values()}) == len(kinds())


def test_a_skip_is_its_reason() -> None:
    assert Skip("tools") == "tools"


@pytest.mark.parametrize("name", ["", "has space", "-x", "a" * 65, "a,b", "a\nb"])
def test_rule_names_are_safe_in_headers(name: str) -> None:
    with pytest.raises(ValidationError):
        policy_of({"kind": "reject", "message": "no", "name": name})


def test_every_field_of_every_kind_is_described() -> None:
    for rule in kinds().values():
        missing = [name for name, field in rule.model_fields.items() if not field.description and name != "kind"]
        assert not missing, f"{rule.__name__}: {missing}"
