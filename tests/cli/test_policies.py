"""``prompt-policy policies``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.run import run

TEMPLATES = Path(__file__).parents[1] / "templates"


def test_list_names_each_policy_with_its_models() -> None:
    out = run("policies", "list").stdout
    assert re.search(
        r"^deepseek-r1-distill +DeepSeek-R1 \(January 2025\) distilled into Qwen and Llama$", out, re.MULTILINE
    )
    assert "*DeepSeek-R1-Distill-*" in out


def test_list_as_json_and_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: mine\nrules: []\n")
    done = run("policies", "list", "--from", str(tmp_path), "--format", "json")
    [policy] = json.loads(done.stdout)
    assert (policy["name"], policy["models"], policy["rules"]) == ("mine", [], [])
    assert "by explicit binding only" in run("policies", "list", "--from", str(tmp_path)).stdout


def test_show_tells_rules_and_sources() -> None:
    out = run("policies", "show", "deepseek-r1-0528").stdout
    assert out.startswith("deepseek-r1-0528@")
    assert "1. sampling: clamp parameters={temperature: {default: 0.6}" in out
    assert "[1] 2025-05-28  https://huggingface.co/deepseek-ai/DeepSeek-R1-0528" in out
    assert "What is left alone, and why" in out


def test_show_as_json_has_what_the_policy_extends() -> None:
    shown = json.loads(run("policies", "show", "deepseek-r1", "--format", "json").stdout)
    assert shown["rules"][0]["name"] == "sampling"
    assert len(shown["hash"]) == 12


def test_a_name_that_is_not_there_is_one_line_and_exit_code_2() -> None:
    done = run("policies", "show", "deepseek-r")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "deepseek-r: no such file, folder or shipped policy (did you mean 'deepseek-r1'?)\n"


def test_copy_writes_a_file_that_works_and_never_over_another(tmp_path: Path) -> None:
    done = run("policies", "copy", "deepseek-r1", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "now: prompt-policy test my-deepseek-r1.yaml" in done.stderr
    assert run("test", "my-deepseek-r1.yaml", folder=tmp_path).returncode == 0

    again = run("policies", "copy", "deepseek-r1", folder=tmp_path)
    assert (again.returncode, again.stderr) == (
        2,
        "my-deepseek-r1.yaml is there already; name another file with --to\n",
    )
    assert "extends: deepseek-r1 " in run("policies", "copy", "deepseek-r1", "--to", "-").stdout
    assert "cannot be written" in run("policies", "copy", "deepseek-r1", "--to", "/none/x.yaml").stderr


def test_import_drafts_a_policy_that_passes_and_never_over_another(tmp_path: Path) -> None:
    folder = tmp_path / "Gemma-Mine"
    folder.mkdir()
    (folder / "generation_config.json").write_text('{"temperature": 0.7}')
    (folder / "chat_template.jinja").write_text((TEMPLATES / "gemma_2.jinja").read_text())
    done = run("policies", "import", "Gemma-Mine", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "",
        "gemma-mine.yaml written; now look for DECIDE in it\n",
    )
    assert run("test", "gemma-mine.yaml", folder=tmp_path).returncode == 0
    strict = run("check", "--strict", "gemma-mine.yaml", folder=tmp_path)
    assert strict.returncode == 1
    assert "no source says why" in strict.stderr + strict.stdout

    assert run("policies", "import", "Gemma-Mine", folder=tmp_path).returncode == 2
    printed = run("policies", "import", "Gemma-Mine", "--to", "-", "--name", "mine", folder=tmp_path)
    assert "name: mine\n" in printed.stdout
    missing = run("policies", "import", "nowhere", folder=tmp_path)
    assert (missing.returncode, missing.stderr) == (
        2,
        "nowhere: no such folder; give that of a checkpoint, with its config.json\n",
    )
