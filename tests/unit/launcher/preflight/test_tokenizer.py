"""Check that the tokenizer's files are there and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.preflight.tokenizer import check
from tests.support.checkpoints import LFS_POINTER, make_checkpoint, make_plan


def test_a_missing_tokenizer_is_found(tmp_path: Path) -> None:
    (make_checkpoint(tmp_path) / "tokenizer.json").unlink()

    assert list(check(make_plan(tmp_path))) == [
        f"{tmp_path} has no tokenizer (tokenizer.json, tokenizer.model, vocab.json); complete the download, or set "
        "--tokenizer after --"
    ]
    assert list(check(make_plan(tmp_path, args=("--skip-tokenizer-init",)))) == []


@pytest.mark.parametrize(
    "name",
    ["tekken.json", "tokenizer.model", "tokenizer.model.v3", "vocab.txt", "qwen.tiktoken", "tiktoken.model",
     "spiece.model", "tokenization_odd.py"],
)  # fmt: skip
def test_every_kind_of_tokenizer_is_recognised(tmp_path: Path, name: str) -> None:
    (make_checkpoint(tmp_path) / "tokenizer.json").rename(tmp_path / name)

    assert list(check(make_plan(tmp_path))) == []


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("tokenizer.json", b"", " is empty; download it again"),
        ("tokenizer.json", b'{\n"model": ', ":2:10: is not JSON: Expecting value; download the file again"),
        ("tokenizer_config.json", b"{'a': 1}", ":1:2: is not JSON: Expecting property name"),
        ("tokenizer.json", LFS_POINTER, " is a Git LFS pointer instead of the content; run `git lfs pull`"),
        ("tokenizer.model", LFS_POINTER, " is a Git LFS pointer instead of the content; run `git lfs pull`"),
        ("vocab.txt", b"", " is empty; download it again"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (make_checkpoint(tmp_path) / name).write_bytes(content)

    (line,) = check(make_plan(tmp_path))
    assert line.startswith(f"{tmp_path}/{name}{problem}")


def test_another_tokenizer_is_checked_instead(tmp_path: Path) -> None:
    (make_checkpoint(tmp_path / "m") / "tokenizer.json").unlink()
    whole, empty = make_checkpoint(tmp_path / "whole"), make_checkpoint(tmp_path / "empty")
    (empty / "tokenizer.json").write_text("")

    assert list(check(make_plan(tmp_path / "m", args=("--tokenizer", str(whole))))) == []
    assert list(check(make_plan(tmp_path / "m", args=("--tokenizer", "org/other")))) == []
    (missing,) = check(make_plan(tmp_path / "m", args=("--tokenizer", "./none")))
    assert missing.startswith("--tokenizer ./none: no such folder")
    assert list(check(make_plan(tmp_path / "m", args=("--tokenizer", str(empty))))) == [
        f"{empty}/tokenizer.json is empty; download it again"
    ]
