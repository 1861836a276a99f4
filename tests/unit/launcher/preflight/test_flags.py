"""Warn of a misspelt flag among vLLM's arguments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prompt_policy.launcher.preflight.flags import warn
from tests.support.checkpoints import make_plan


def test_a_misspelt_flag_is_a_warning_with_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "arg_utils.py").write_text('add_argument("--enforce-eager")\n')
    (tmp_path / "entrypoints").mkdir()
    (tmp_path / "entrypoints" / "cli_args.py").write_text("class A:\n    chat_template: str\n")
    plan = make_plan("m", args=("--enforce-eeger", "--chat-template", "x", "--of-a-plugin", "3"))
    installed = replace(plan, installation=replace(plan.installation, folder=tmp_path))

    assert list(warn(installed)) == ["--enforce-eeger is not an option of this vLLM; did you mean --enforce-eager?"]
    assert list(warn(plan)) == []
