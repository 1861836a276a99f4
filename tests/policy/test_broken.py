"""A folder of broken policies: each gives the right place and words, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prompt_policy import LoadError, load_paths
from tests.cli.run import run

BROKEN = Path(__file__).with_name("broken")
EXPECTED = (BROKEN / "expected.txt").read_text().splitlines()
FILES = sorted(path.name for path in BROKEN.glob("*.yaml"))


def about(file: str) -> list[str]:
    """Return what is expected to be said of a file; of two in a circle each is told of with the other's place."""
    stem = file.removesuffix(".yaml")
    told = {"circle-one": "circle-two.yaml", "circle-two": "circle-one.yaml"}.get(stem, file)
    return [line for line in EXPECTED if line.startswith(told)]


def test_there_are_many_and_each_is_expected_to_fail() -> None:
    assert len(FILES) >= 70
    assert all(about(file) for file in FILES)


@pytest.mark.parametrize("file", FILES)
def test_each_is_told_with_its_place(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(LoadError) as caught:
        load_paths([file])
    assert str(caught.value).splitlines() == about(file)


def test_all_of_them_together_leave_no_traceback(tmp_path: Path) -> None:
    for file in FILES:
        os.link(BROKEN / file, tmp_path / file)
    done = run("check", str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert len(done.stdout.splitlines()) >= len(FILES)
