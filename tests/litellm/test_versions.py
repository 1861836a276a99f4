"""Whether a LiteLLM is one that this host works with."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest

from prompt_policy.litellm.versions import TESTED, installed_litellm, own_requirements, release_of, remark_on

ROOT = Path(__file__).parents[2]
OURS = ["pydantic<3,>=2.9", "litellm-proxy-extras<9,>=5", "litellm[proxy]<2,>=1.98; extra == 'litellm'"]


@pytest.mark.parametrize("version", ["1.98", "1.98.0", "1.98.1.post1", "1.106.2", "1.108.7", "1.108.7.0"])
def test_of_what_was_tested_nothing_is_said(version: str) -> None:
    assert remark_on(version, OURS) is None


@pytest.mark.parametrize("version", ["1.97.9", "1.9.0", "0.14.1", "2", "2.0.0", "2.0.0rc1", "10.0"])
def test_outside_the_range_there_is_a_warning_in_one_line(version: str) -> None:
    remark = remark_on(version, OURS)
    assert remark is not None
    assert remark.level == logging.WARNING
    assert f"LiteLLM {version} is none that this host is made for (<2,>=1.98)" in remark.line
    assert "\n" not in remark.line


@pytest.mark.parametrize("version", ["1.108.8", "1.109", "1.200.0"])
def test_what_is_newer_than_the_tests_is_told(version: str) -> None:
    remark = remark_on(version, OURS)
    assert remark is not None
    assert remark.level == logging.INFO
    assert "tested with 1.98.0 to 1.108.7" in remark.line


def test_a_version_that_cannot_be_told_is_warned_of() -> None:
    remark = remark_on(None, OURS)
    assert remark is not None
    assert remark.level == logging.WARNING


@pytest.mark.parametrize("requirements", [None, [], ["litellm"], ["litellm; extra == 'x'"]])
def test_without_a_claim_there_is_no_range_to_be_outside_of(requirements: list[str] | None) -> None:
    assert remark_on("1.2.3", requirements) is None


def test_older_metadata_writes_its_ranges_in_brackets() -> None:
    assert remark_on("1.97", ["litellm[proxy] (>=1.98,<2) ; extra == 'litellm'"]) is not None
    assert remark_on("1.99", ["litellm[proxy] (>=1.98,<2) ; extra == 'litellm'"]) is None


@pytest.mark.parametrize(
    ("version", "release"), [("1.98.0", (1, 98)), ("1.108.7rc1", (1, 108, 7)), ("x", ()), ("0", ())]
)
def test_releases_are_compared_as_numbers(version: str, release: tuple[int, ...]) -> None:
    assert release_of(version) == release


def test_the_installed_one_is_inside_what_the_package_claims() -> None:
    remark = remark_on(installed_litellm(), own_requirements())
    assert remark is None or remark.level == logging.INFO


def test_what_was_tested_is_told_in_one_way() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    (wanted,) = [
        one for one in tomllib.loads(declared)["project"]["optional-dependencies"]["litellm"] if "proxy" in one
    ]
    assert release_of(wanted.partition(">=")[2].partition(",")[0]) == release_of(TESTED[0])
    for text in (declared, (ROOT / "docs" / "litellm.md").read_text()):
        assert f"{TESTED[0]} and {TESTED[1]}" in text
