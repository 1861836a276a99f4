"""A release has one version everywhere, and the workflow that publishes it has only the permissions it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED: Final = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if ":: 3." in text]
GATE: Final = (ROOT / ".ci" / "run").read_text()
WORKFLOW: Final = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
JOBS: Final[dict[str, Any]] = WORKFLOW["jobs"]


def list_actions(job: str) -> list[str]:
    return [step["uses"].partition("@")[0] for step in JOBS[job]["steps"] if "uses" in step]


def test_the_changelog_has_a_section_for_the_version() -> None:
    sections = re.findall(r"^## \[(.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert next(name for name in sections if name != "Unreleased") == PROJECT["version"]


def test_pages_show_the_version() -> None:
    shown = [
        version
        for page in (ROOT / "docs").rglob("*.md")
        for version in re.findall(r"prompt-policy/(\d+\.\d+\.\d+)", page.read_text())
    ]
    assert set(shown) == {PROJECT["version"]}


def test_declared_pythons_are_consecutive_and_those_of_the_gate() -> None:
    lowest = int(PROJECT["requires-python"].removeprefix(">=3."))
    assert [f"3.{minor}" for minor in range(lowest, lowest + len(DECLARED))] == DECLARED
    [tested] = re.findall(r"^PYTHONS=\((.*?)\)", GATE, re.MULTILINE)
    assert tested.split() == DECLARED


def test_only_a_tag_starts_a_release() -> None:
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads the key `on` as a boolean


def test_what_is_published_passed_the_gate() -> None:
    [checked] = [step for step in JOBS["build"]["steps"] if step.get("run") == "bash .ci/run packages"]
    assert checked["env"]["RELEASE_FOLDER"] == "release"
    assert JOBS["publish"]["needs"] == "build"
    assert JOBS["announce"]["needs"] == "publish"


def test_no_job_has_a_permission_that_it_does_not_need() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert {name: job.get("permissions") for name, job in JOBS.items()} == {
        "build": None,
        "publish": {"id-token": "write", "attestations": "write"},
        "announce": {"contents": "write"},
    }


def test_the_job_that_publishes_runs_no_code_of_the_repository() -> None:
    assert "actions/checkout" not in list_actions("publish")
    assert not any("run" in step for step in JOBS["publish"]["steps"])


def test_distributions_are_attested_before_they_are_published() -> None:
    actions = list_actions("publish")
    assert actions[1:] == ["actions/attest-build-provenance", "actions/attest-sbom", "pypa/gh-action-pypi-publish"]
    [publish] = [step["with"] for step in JOBS["publish"]["steps"] if "pypi-publish" in step["uses"]]
    assert publish == {"packages-dir": "release/dist", "attestations": True}  # no password: PyPI trusts the workflow
