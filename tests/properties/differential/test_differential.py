"""The command: a tree against itself, against a copy with one line changed, and what it cannot run on."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.properties.differential.__main__ import main
from tests.properties.differential.case import ENDPOINTS, HOSTS
from tests.properties.differential.trees import ROOT, TreeError, open_tree


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the tree in which a suffix is separated by a space."""
    for folder in ("src", "policies"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    kind = tmp_path / "src" / "prompt_policy" / "kinds" / "append_suffix.py"
    text, count = re.subn(r'(separator: str = Field\()"\\n"', r'\1" "', kind.read_text())
    assert count == 1
    kind.write_text(text)
    return tmp_path


def build_options(new: Path) -> list[str]:
    tree = ["--old", str(ROOT), "--new", str(new)]
    return [*tree, "--host", "pipeline", "--policy", "x-all-kinds", "--seed", "3"]


def test_a_tree_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["--policy", "deepseek-r1-distill", "--policy", "x-all-kinds", "--policy", "x-tidy", "--policy", "x-audit"]

    status = main(["--old", str(ROOT), "--cases", str(10 * len(HOSTS) * len(ENDPOINTS)), *rest])

    out = capsys.readouterr().out
    assert (status, out.count("DIFFERENT")) == (0, 0), out
    assert f"{4 * len(HOSTS) * len(ENDPOINTS)} combinations" in out


def test_a_changed_line_is_found(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = build_options(changed)

    status = main([*options, "--cases", "60"])

    out = capsys.readouterr().out
    assert status == 1
    found = re.search(r"DIFFERENT (pipeline/\w+/x-all-kinds/\d+) \(seed 3", out)
    assert found is not None
    assert main([*options, "--case", found[1]]) == 1, "a case that differs differs again when it runs alone"
    assert found[1] in capsys.readouterr().out


def test_an_intended_difference_is_not_counted(
    changed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = tmp_path / "wanted.yaml"
    wanted.write_text("- {path: '.', reason: Suffixes stand in the same line now.}\n")
    options = build_options(changed)

    status = main([*options, "--cases", "60", "--wanted", str(wanted)])

    assert status == 0
    assert re.search(r"0 differ, [1-9]\d* intended", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--old", "."], "no policy is named nothing"),
        (["--old", "no-such-revision"], "no-such-revision"),
        (["--old", "tests"], "has no src/prompt_policy"),
        (["--old", ".", "--wanted", "no-such-file"], "no-such-file"),
    ],
)
def test_what_it_cannot_run_on_ends_with_status_2(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main([*options, "--policy", "nothing"]) == 2
    assert message in capsys.readouterr().err


def test_a_revision_is_checked_out_for_as_long_as_it_is_used(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    module = tmp_path / "src" / "prompt_policy" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("OLD = True\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "Old")
    module.write_text("OLD = False\n")

    with open_tree("HEAD", root=tmp_path) as tree:
        assert (tree / "src" / "prompt_policy" / "__init__.py").read_text() == "OLD = True\n"
        assert len(git("worktree", "list").splitlines()) == 2
    assert not tree.exists()
    assert len(git("worktree", "list").splitlines()) == 1
    with pytest.raises(TreeError, match="no-such"), open_tree("no-such", root=tmp_path):
        pass
