"""Each policy in a folder of broken ones is reported with the right position and message, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prompt_policy import LoadError, load_paths
from tests.support.cli import run

BROKEN = Path(__file__).with_name("broken")
EXPECTED = (BROKEN / "expected.txt").read_text().splitlines()
FILES = sorted(path.name for path in BROKEN.glob("*.yaml"))


def expected_for(file: str) -> list[str]:
    """Return the expected lines for a file. A cycle is reported at the other file of the two."""
    stem = file.removesuffix(".yaml")
    reported = {"cycle-one": "cycle-two.yaml", "cycle-two": "cycle-one.yaml"}.get(stem, file)
    return [line for line in EXPECTED if line.startswith(reported)]


def test_there_are_many_broken_policies_and_each_is_expected() -> None:
    assert len(FILES) >= 70
    assert all(expected_for(file) for file in FILES)


@pytest.mark.parametrize("file", FILES)
def test_each_error_is_reported_with_its_position(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(LoadError) as caught:
        load_paths([file])
    assert str(caught.value).splitlines() == expected_for(file)


def test_checking_all_broken_policies_prints_no_traceback(tmp_path: Path) -> None:
    for file in FILES:
        os.link(BROKEN / file, tmp_path / file)
    done = run("check", str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert len(done.stdout.splitlines()) >= len(FILES)
