"""Tests of the check of LiteLLM's version."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from prompt_policy.litellm.releases.compatibility import (
    TESTED_VERSIONS,
    check_version,
    find_litellm_version,
    find_retry_limit,
    read_requirements,
)

ROOT = Path(__file__).parents[4]
REQUIREMENTS = ["pydantic<3,>=2.9", "litellm-proxy-extras<9,>=5", "litellm[proxy]<2,>=1.98; extra == 'litellm'"]


@pytest.mark.parametrize("version", ["1.98", "1.98.0", "1.98.1.post1", "1.106.2", "1.108.7", "1.108.7.0"])
def test_tested_version_causes_no_notice(version: str) -> None:
    assert check_version(version, REQUIREMENTS) is None


@pytest.mark.parametrize("version", ["1.97.9", "1.9.0", "0.14.1", "2", "2.0.0", "2.0.0rc1", "10.0", "1.98.0rc1"])
def test_version_outside_the_range_causes_a_warning(version: str) -> None:
    notice = check_version(version, REQUIREMENTS)
    assert notice is not None
    assert notice.level == logging.WARNING
    assert f"LiteLLM {version} is outside the supported range (<2,>=1.98)" in notice.line
    assert "\n" not in notice.line


@pytest.mark.parametrize("version", ["1.108.8", "1.109", "1.200.0"])
def test_version_newer_than_tested_is_reported(version: str) -> None:
    notice = check_version(version, REQUIREMENTS)
    assert notice is not None
    assert notice.level == logging.INFO
    assert "tested with 1.98.0 to 1.108.7" in notice.line


@pytest.mark.parametrize("version", [None, "", "main"])
def test_unknown_version_causes_a_warning(version: str | None) -> None:
    notice = check_version(version, REQUIREMENTS)
    assert notice is not None
    assert notice.level == logging.WARNING
    assert "the version of LiteLLM is unknown" in notice.line


@pytest.mark.parametrize("requirements", [None, [], ["litellm"], ["litellm; extra == 'x'"]])
def test_requirements_without_a_range_cause_no_notice(requirements: list[str] | None) -> None:
    assert check_version("1.2.3", requirements) is None


def test_range_in_parentheses_is_parsed() -> None:
    assert check_version("1.97", ["litellm[proxy] (>=1.98,<2) ; extra == 'litellm'"]) is not None
    assert check_version("1.99", ["litellm[proxy] (>=1.98,<2) ; extra == 'litellm'"]) is None


def test_installed_version_is_supported() -> None:
    notice = check_version(find_litellm_version(), read_requirements())
    assert notice is None or notice.level == logging.INFO


def test_tested_versions_are_stated_consistently() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    extra = tomllib.loads(declared)["project"]["optional-dependencies"]["litellm"]
    (required,) = [parsed for parsed in map(Requirement, extra) if parsed.name == "litellm"]
    oldest, _newest = map(Version, TESTED_VERSIONS)
    assert required.specifier.contains(oldest)
    assert not required.specifier.contains(f"{oldest.major}.{oldest.minor - 1}.99")
    for text in (declared, (ROOT / "docs" / "how-to" / "litellm.md").read_text()):
        assert f"{TESTED_VERSIONS[0]} and {TESTED_VERSIONS[1]}" in text


@pytest.mark.parametrize(
    ("version", "is_limited"), [("1.98.0", True), ("1.105.7", True), ("1.106.0", False), (None, False)]
)
def test_release_that_repeats_refused_calls_is_named(version: str | None, is_limited: bool) -> None:
    limit = find_retry_limit(version)
    assert (limit is not None) is is_limited
    assert limit is None or "num_retries" in limit
