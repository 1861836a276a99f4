"""Check that the file of ``--chat-template`` exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from prompt_policy.launcher.preflight.chat_template import check
from tests.support.checkpoints import make_plan


@pytest.mark.parametrize("value", ["no.jinja", "/no/such.jinja"])
def test_a_missing_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(tmp_path)

    assert list(check(make_plan("m", args=(f"--chat-template={value}",)))) == [
        f"--chat-template {value}: no such file; set it to a Jinja file, relative to {tmp_path}"
    ]


@pytest.mark.parametrize("value", ["{{ messages }}", "line\nline", "here.jinja"])
def test_a_template_or_an_existing_file_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.jinja").touch()

    assert list(check(make_plan("m", args=("--chat-template", value)))) == []
    assert list(check(make_plan("m"))) == []


def test_a_template_of_vllms_own_is_accepted(tmp_path: Path) -> None:
    (folder := tmp_path / "transformers_utils" / "chat_templates").mkdir(parents=True)
    (folder / "template_chatml.jinja").touch()
    plan = make_plan("m", args=("--chat-template", "template_chatml.jinja"))

    assert len(list(check(plan))) == 1
    assert list(check(replace(plan, installation=replace(plan.installation, folder=tmp_path)))) == []
