"""``prompt-policy policies``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.cli import run
from tests.support.maker_templates import read_maker_template


def test_list_prints_each_policy_with_its_models() -> None:
    out = run("policies", "list").stdout
    assert re.search(
        r"^deepseek-r1-distill +DeepSeek-R1 \(January 2025\) distilled into Qwen and Llama$", out, re.MULTILINE
    )
    assert "*DeepSeek-R1-Distill-*" in out
    assert re.search(r"sources read \d+ days ago; must, recommended, evaluation$", out, re.MULTILINE)


def test_list_reads_a_folder_and_prints_json(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: mine\nrules: []\n")
    done = run("policies", "list", "--from", str(tmp_path), "--format", "json")
    [policy] = json.loads(done.stdout)
    assert (policy["name"], policy["models"], policy["rules"]) == ("mine", [], [])
    assert "by explicit binding only" in run("policies", "list", "--from", str(tmp_path)).stdout


def test_show_prints_rules_and_sources() -> None:
    out = run("policies", "show", "deepseek-r1-0528").stdout
    assert out.startswith("deepseek-r1-0528@")
    assert "1. sampling: clamp parameters={temperature: {default: 0.6}" in out
    assert re.search(r"\[1\] 20\S+  https://huggingface.co/deepseek-ai/DeepSeek-R1-0528\n      card, recommended", out)
    assert "\nNotes\n" in out


def test_show_as_json_includes_inherited_rules() -> None:
    shown = json.loads(run("policies", "show", "deepseek-r1", "--format", "json").stdout)
    assert shown["rules"][0]["name"] == "sampling"
    assert len(shown["hash"]) == 12


def test_an_unknown_name_is_one_line_and_exit_code_2() -> None:
    done = run("policies", "show", "deepseek-r")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "deepseek-r: no such file, folder or shipped policy (did you mean 'deepseek-r1'?)\n"


def test_copy_writes_a_valid_policy_and_never_overwrites(tmp_path: Path) -> None:
    done = run("policies", "copy", "deepseek-r1", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "next, run: prompt-policy test my-deepseek-r1.yaml" in done.stderr
    assert run("test", "my-deepseek-r1.yaml", folder=tmp_path).returncode == 0

    again = run("policies", "copy", "deepseek-r1", folder=tmp_path)
    assert (again.returncode, again.stderr) == (
        2,
        "my-deepseek-r1.yaml already exists; name another file with --to\n",
    )
    assert "extends: deepseek-r1 " in run("policies", "copy", "deepseek-r1", "--to", "-").stdout
    assert "cannot be written" in run("policies", "copy", "deepseek-r1", "--to", "/none/x.yaml").stderr


def test_import_drafts_a_valid_policy_and_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "Gemma-Mine"
    folder.mkdir()
    (folder / "generation_config.json").write_text('{"temperature": 0.7}')
    (folder / "chat_template.jinja").write_text(read_maker_template("google-gemma-2-2b-it"))
    done = run("policies", "import", "Gemma-Mine", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "",
        "gemma-mine.yaml written; next, search it for DECIDE\n",
    )
    assert run("test", "gemma-mine.yaml", folder=tmp_path).returncode == 0
    strict = run("check", "--strict", "gemma-mine.yaml", folder=tmp_path)
    assert strict.returncode == 1
    assert "has no source" in strict.stderr + strict.stdout

    assert run("policies", "import", "Gemma-Mine", folder=tmp_path).returncode == 2
    printed = run("policies", "import", "Gemma-Mine", "--to", "-", "--name", "mine", folder=tmp_path)
    assert "name: mine\n" in printed.stdout
    help_text = run("policies", "import", "--help").stdout
    assert "pip install 'prompt-policy[templates]'" in " ".join(help_text.split())
    missing = run("policies", "import", "nowhere", folder=tmp_path)
    assert (missing.returncode, missing.stderr) == (
        2,
        "nowhere does not exist; give the folder of a checkpoint, with its config.json\n",
    )


def test_import_reports_a_policy_that_the_library_has(tmp_path: Path) -> None:
    folder = tmp_path / "gemma-3-270m-it"
    folder.mkdir()
    (folder / "generation_config.json").write_text("{}")
    done = run("policies", "import", folder.name, folder=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith(
        "the library already has a policy for gemma-3-270m-it: gemma-3; compare it with: "
        "prompt-policy policies diff gemma-3-270m-it\n"
    )


def test_import_of_a_gguf_file_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    for file in ("x.gguf", "only/Y.GGUF", "z.bin"):
        (tmp_path / file).write_bytes(b"GGUF")
    for path, file in (("x.gguf", "x.gguf"), ("only", "only/Y.GGUF")):
        done = run("policies", "import", path, folder=tmp_path)
        assert (done.returncode, done.stderr) == (
            2,
            f"{file} is a GGUF file, which is not read; give the folder of the checkpoint from which it was "
            "converted\n",
        )
    other = run("policies", "import", "z.bin", folder=tmp_path)
    assert other.stderr == "z.bin is a file; give the folder of a checkpoint, with its config.json\n"
