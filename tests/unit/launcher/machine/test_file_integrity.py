"""Damaged files of a checkpoint: each is named, with what is wrong and where."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest

from prompt_policy.launcher.machine.file_integrity import find_damage
from tests.support.checkpoints import LFS_POINTER, write_safetensors


def write(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("size", [200, 5000])
def test_a_whole_weight_file_has_no_damage(tmp_path: Path, size: int) -> None:
    file = write_safetensors(tmp_path / "m.safetensors", size)

    assert file.stat().st_size == size
    assert find_damage(file) is None


def test_a_file_of_the_safetensors_library_has_no_damage(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    numpy = pytest.importorskip("numpy")
    tensors = {"a": numpy.zeros((3, 4)), "b": numpy.zeros(5, dtype="int8")}
    safetensors.save_file(tensors, tmp_path / "m.safetensors", metadata={"format": "pt"})

    assert find_damage(tmp_path / "m.safetensors") is None


@pytest.mark.parametrize("size", [4999, 100])
def test_a_weight_file_that_is_cut_off_is_damaged(tmp_path: Path, size: int) -> None:
    file = write_safetensors(tmp_path / "m.safetensors", 5000)
    os.truncate(file, size)

    damage = find_damage(file)

    assert damage == f"{file} has {size} bytes, but its header describes 5000; download it again"


def test_a_weight_file_with_bytes_after_the_tensors_is_damaged(tmp_path: Path) -> None:
    file = write_safetensors(tmp_path / "m.safetensors", 5000)
    os.truncate(file, 5001)

    assert find_damage(file) == f"{file} has 5001 bytes, but its header describes 5000; download it again"


@pytest.mark.parametrize(
    "content",
    [
        b"abc",
        b"<html>not found</html>",
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 5) + b"{not}",
        struct.pack("<Q", 20) + b'{"a": {}',
        struct.pack("<Q", 9) + b'{"a": {}}',
        struct.pack("<Q", 2**63) + b"{}",
        bytes(1000),
    ],
)
def test_an_invalid_header_is_damage(tmp_path: Path, content: bytes) -> None:
    file = write(tmp_path, "m.safetensors", content)

    assert find_damage(file) == f"{file} has no valid safetensors header; download it again"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "tokenizer.model", "pytorch_model.bin"])
def test_empty_files_and_lfs_pointers_are_damage(tmp_path: Path, name: str) -> None:
    empty, pointer = write(tmp_path, f"empty-{name}", b""), write(tmp_path, name, LFS_POINTER)

    assert find_damage(empty) == f"{empty} is empty; download it again"
    assert find_damage(pointer) == (
        f"{pointer} is a Git LFS pointer instead of the content; run `git lfs pull` in its folder"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{\n  "a": 1\n  "b": 2}', ":3:3: is not JSON: Expecting ',' delimiter; download the file again"),
        (b'{"a": ', ":1:7: is not JSON: Expecting value; download the file again"),
        (b'{\n"a": "\xff"}', ":2:7: is not UTF-8; download the file again"),
        ('\ufeff{"a": 1}'.encode(), ":1:1: is not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig);"),
        (b"[]", " is not a JSON object; download it again"),
        (b"[" * 200_000, " is nested too deeply; download it again"),
    ],
)
def test_broken_json_is_damage_with_line_and_column(tmp_path: Path, content: bytes, message: str) -> None:
    file = write(tmp_path, "config.json", content)

    assert (find_damage(file) or "").startswith(f"{file}{message}")


def test_other_files_are_not_parsed(tmp_path: Path) -> None:
    assert find_damage(write(tmp_path, "tokenizer.model", b"\x0a\x0e")) is None
    assert find_damage(write(tmp_path, "config.json", json.dumps({"a": 1}).encode())) is None


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()

    assert find_damage(tmp_path / "config.json") == (
        f"{tmp_path}/config.json cannot be read: Is a directory; make it readable"
    )
