"""Check that the checkpoint exists, is complete, and agrees with the options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.preflight.checkpoint import check
from tests.support.checkpoints import LFS_POINTER, make_checkpoint, make_plan

AWQ = {"quantization_config": {"quant_method": "awq"}}
COMPRESSED = {"quantization_config": {"quant_method": "compressed-tensors"}}


@pytest.mark.parametrize(
    ("config", "requested", "problem"),
    [
        ({}, "awq", "states no quantisation"),
        ({}, "gptq_marlin", "states no quantisation"),
        ({}, "fp8", None),
        ({}, "bitsandbytes", None),
        (AWQ, "awq", None),
        (AWQ, "awq_marlin", None),
        (AWQ, "gptq", "config.json states awq"),
        (AWQ, "fp8", "config.json states awq"),
        (AWQ, "moe_wna16", None),
        (COMPRESSED, "compressed-tensors", None),
        (COMPRESSED, "compressed_tensors", None),
        (AWQ, None, None),
    ],
)
def test_a_quantisation_that_contradicts_the_checkpoint_is_found(
    tmp_path: Path, config: dict[str, Any], requested: str | None, problem: str | None
) -> None:
    lines = list(check(make_plan(make_checkpoint(tmp_path, **config), quantization=requested)))

    assert len(lines) == (1 if problem else 0)
    assert all(problem in line for line in lines if problem)


@pytest.mark.parametrize(("requested", "is_found"), [("2048", False), ("2049", True), ("4k", True), ("auto", False)])
def test_a_length_above_the_checkpoints_is_found(tmp_path: Path, requested: str, is_found: bool) -> None:
    path = make_checkpoint(tmp_path)

    assert bool(list(check(make_plan(path, max_model_len=requested)))) is is_found
    assert not list(check(make_plan(path, max_model_len=requested, env={"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"})))


def test_a_folder_without_configuration_is_found(tmp_path: Path) -> None:
    (mistral := tmp_path / "mistral").mkdir()
    (mistral / "params.json").write_text("{}")
    (empty := tmp_path / "empty").mkdir()

    assert list(check(make_plan(empty))) == [
        f"{empty} has no config.json; set --model to the folder that holds the checkpoint"
    ]
    assert list(check(make_plan(mistral))) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{\n"hidden_size": 128', ":2:19: is not JSON: Expecting ',' delimiter; download the file again"),
        (b"", " is empty; download it again"),
        (b"[1]", " is not a JSON object; download it again"),
        (LFS_POINTER, " is a Git LFS pointer instead of the content; run `git lfs pull` in its folder"),
    ],
)
def test_a_broken_configuration_is_found_with_its_place(tmp_path: Path, content: bytes, problem: str) -> None:
    (make_checkpoint(tmp_path) / "config.json").write_bytes(content)

    assert list(check(make_plan(tmp_path))) == [f"{tmp_path}/config.json{problem}"]


def test_gguf_is_found_where_vllm_does_not_read_it(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    unknown = [make_plan(tmp_path), make_plan(tmp_path / "m.gguf")]
    plans = [replace(p, installation=replace(p.installation, folder=tmp_path)) for p in unknown]
    with_plugin = [replace(p, installation=replace(p.installation, has_gguf_plugin=True)) for p in plans]

    folder, file = (line for plan in plans for line in check(plan))
    assert folder.startswith(f"{tmp_path} contains only GGUF files, which this vLLM does not read; use the model's")
    assert file.startswith(f"{tmp_path}/m.gguf is a GGUF file, which this vLLM does not read; use the model's")
    assert [line for plan in (*with_plugin, *unknown) for line in check(plan)] == []


def test_a_file_instead_of_a_folder_is_found(tmp_path: Path) -> None:
    file = make_checkpoint(tmp_path) / "model.safetensors"

    assert list(check(make_plan(file))) == [f"{file} is a file; set --model to the folder of a checkpoint"]


@pytest.mark.parametrize("path", ["/no/such/folder", "./none", "a/b/c"])
def test_a_missing_folder_is_found(path: str) -> None:
    assert "no such folder" in next(iter(check(make_plan(path))))


def test_a_hub_id_must_be_cached_only_when_offline(tmp_path: Path) -> None:
    cache = {"HF_HUB_CACHE": str(tmp_path)}

    assert not list(check(make_plan("org/m", environment=cache)))
    (line,) = check(make_plan("org/m", environment={**cache, "HF_HUB_OFFLINE": "1"}))
    assert line.startswith(f"org/m is not in {tmp_path} and HF_HUB_OFFLINE forbids")
