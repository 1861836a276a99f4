"""Check that the weight files are there and whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from prompt_policy.launcher.preflight.weights import check
from tests.support.checkpoints import LFS_POINTER, make_checkpoint, make_plan, write_safetensors


def make_shards(folder: Path, *names: str, indexed: int = 3) -> Path:
    """Create a checkpoint with an index of shards, of which ``names`` exist."""
    make_checkpoint(folder, weights=0)
    index = {str(n): f"model-{n}.safetensors" for n in range(indexed)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    for name in names:
        write_safetensors(folder / name, 2000)
    return folder


def test_whole_weights_are_accepted(tmp_path: Path) -> None:
    names = [f"model-{n}.safetensors" for n in range(3)]

    assert list(check(make_plan(make_checkpoint(tmp_path / "one")))) == []
    assert list(check(make_plan(make_shards(tmp_path / "many", *names)))) == []


def test_a_folder_without_weights_is_found(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, weights=0)

    assert "has no weights" in next(iter(check(make_plan(folder))))
    assert list(check(make_plan(folder, args=("--load-format", "dummy")))) == []


def test_missing_shards_of_an_index_are_found(tmp_path: Path) -> None:
    (line,) = check(make_plan(make_shards(tmp_path, "model-1.safetensors")))

    assert line.startswith(f"{tmp_path} lacks model-0.safetensors and 1 more, which its index lists")


def test_missing_shards_are_found_without_an_index(tmp_path: Path) -> None:
    make_checkpoint(tmp_path, weights=0)
    for number in (1, 3):
        write_safetensors(tmp_path / f"model-0000{number}-of-00003.safetensors", 2000)

    assert list(check(make_plan(tmp_path))) == [
        f"{tmp_path} lacks model-00002-of-00003.safetensors; complete the download"
    ]


@pytest.mark.parametrize("number", range(3))
def test_each_shard_is_compared_with_its_header(tmp_path: Path, number: int) -> None:
    names = [f"model-{n}.safetensors" for n in range(3)]
    make_shards(tmp_path, *names)
    os.truncate(tmp_path / names[number], 1999)

    assert list(check(make_plan(tmp_path))) == [
        f"{tmp_path}/{names[number]} has 1999 bytes, but its header describes 2000; download it again"
    ]


def test_many_damaged_files_are_counted(tmp_path: Path) -> None:
    make_shards(tmp_path)
    for number in range(3):
        (tmp_path / f"model-{number}.safetensors").write_bytes(LFS_POINTER)

    assert list(check(make_plan(tmp_path))) == [
        f"{tmp_path}/model-0.safetensors is a Git LFS pointer instead of the content; run `git lfs pull` in its folder",
        f"{tmp_path} has 2 more damaged weight files; download them again",
    ]


def test_a_broken_index_is_found(tmp_path: Path) -> None:
    (make_checkpoint(tmp_path) / "model.safetensors.index.json").write_text("{")

    (line,) = check(make_plan(tmp_path))
    assert line.startswith(f"{tmp_path}/model.safetensors.index.json:1:2: is not JSON")


def test_missing_files_of_a_hub_id_are_found_only_offline(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "models--org--m" / "snapshots" / "a", weights=0)
    cache = {"HF_HUB_CACHE": str(tmp_path)}

    assert list(check(make_plan("org/m", environment=cache))) == []
    assert len(list(check(make_plan("org/m", environment={**cache, "HF_HUB_OFFLINE": "1"})))) == 1
