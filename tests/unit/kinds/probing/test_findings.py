"""What a template's own system message means for a rule that moves every system message."""

from __future__ import annotations

import pytest

from prompt_policy.kinds.probing.findings import check_default_system, describe_replacement


@pytest.mark.parametrize("is_prevented", [True, False])
@pytest.mark.parametrize("empty_system", [True, False, None])
def test_a_template_that_adds_nothing_fits_every_rule(empty_system: bool | None, is_prevented: bool) -> None:
    assert check_default_system(empty_system, "", is_prevented) is None


@pytest.mark.parametrize(
    ("empty_system", "is_prevented", "finding"),
    [
        (
            None,
            True,
            "moves the system message, in place of which the template adds its own: 'Own.'; set empty_system: ",
        ),
        (
            None,
            False,
            "moves the system message, in place of which the template adds its own: 'Own.'; remove the rule ",
        ),
        (True, False, "sets empty_system without effect: the template treats an empty system message as absent"),
        (True, True, None),
        (False, True, None),
        (False, False, None),
    ],
)
def test_a_template_with_its_own_message_needs_a_decision(
    empty_system: bool | None, is_prevented: bool, finding: str | None
) -> None:
    found = check_default_system(empty_system, "Own.", is_prevented)
    assert (found or "").startswith(finding or "")
    assert (found is None) is (finding is None)


def test_a_long_message_is_shortened_to_one_line() -> None:
    found = check_default_system(None, "You are\n\n" + "very " * 100, is_prevented=True) or ""
    assert "its own: 'You are very very" in found
    assert " ...'; set empty_system" in found


def test_what_the_model_reads_instead_depends_on_the_key() -> None:
    assert len({describe_replacement(empty_system) for empty_system in (True, False, None)}) == 3
