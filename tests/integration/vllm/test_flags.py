"""The launcher's flags, against the argument parsers of vLLM's newest releases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prompt_policy import load
from prompt_policy.launcher.command import build_launch_spec
from prompt_policy.launcher.machine.vllm_flags import read_vllm_flags, suggest_flag
from prompt_policy.launcher.options import VllmOptions, format_flag
from tests.support.checkpoints import make_plan
from tests.support.vllm_app_report import AppReport, load_newest_report

POLICIES = sorted((Path(__file__).parents[3] / "policies").glob("*.yaml"))
LOG = Path(__file__).parents[2] / "support" / "vllm_logs" / "badflag.log"
LAUNCHER_ONLY = {"args", "env", "python", "command"}


@pytest.fixture(params=["newest CPU build", "newest"])
def options(request: pytest.FixtureRequest, vllm_apps: dict[str, AppReport]) -> frozenset[str]:
    """The flags of the real argument parser."""
    app = vllm_apps["plugin"] if request.param == "newest CPU build" else load_newest_report()
    return app.options


def find_vllm_folder(python: str) -> Path:
    (folder,) = Path(python).parent.parent.glob("lib/python*/site-packages/vllm")
    return folder


def test_the_source_has_every_flag_of_the_usage(vllm_python: str) -> None:
    usage = LOG.read_text().partition("usage:")[2].partition("error: unrecognized")[0]
    flags = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", usage))

    known = read_vllm_flags(find_vllm_folder(vllm_python))

    assert len(flags) > 100
    assert {flag for flag in flags if flag not in known and f"--{flag.removeprefix('--no-')}" not in known} == set()


def test_no_flag_of_the_parser_is_taken_for_a_misspelt_one(vllm_python: str, vllm_apps: dict[str, AppReport]) -> None:
    known = read_vllm_flags(find_vllm_folder(vllm_python))
    assert {flag: found for flag in vllm_apps["plugin"].options if (found := suggest_flag(flag, known))} == {}


def test_vllm_has_the_options_of_the_launcher(options: frozenset[str]) -> None:
    names = set(VllmOptions.model_fields) - LAUNCHER_ONLY
    assert {format_flag(name) for name in names} - options == set()


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_vllm_has_the_engine_options_of_the_library(options: frozenset[str], path: Path) -> None:
    plan = make_plan("m", policy=load(path))
    flags = {word for word in build_launch_spec(plan).argv if word.startswith("--")}
    assert flags - options == set()
