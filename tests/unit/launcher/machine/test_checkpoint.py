"""The properties of a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.machine.checkpoint import find_model_folder, read_checkpoint
from tests.support.checkpoints import make_checkpoint


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({}, 2048),
        ({"max_position_embeddings": None, "n_positions": 1024}, 1024),
        ({"max_position_embeddings": None}, None),
        ({"rope_scaling": {"type": "linear", "factor": 4.0}}, 8192),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, 2048),
        ({"rope_scaling": {"type": "linear", "factor": None}}, 2048),
        ({"rope_scaling": {"type": "yarn", "factor": 2, "original_max_position_embeddings": None}}, 4096),
        ({"max_position_embeddings": None, "max_target_positions": 448}, 448),
        ({"model_max_length": 131072}, 131072),
        ({"rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 1000}}, 4000),
        ({"max_position_embeddings": None, "text_config": {"max_position_embeddings": 512}}, 512),
    ],
)
def test_the_context_length_is_derived_as_in_vllm(tmp_path: Path, config: dict[str, Any], length: int | None) -> None:
    checkpoint = read_checkpoint(make_checkpoint(tmp_path, **config))

    assert checkpoint is not None
    assert checkpoint.max_model_len == length


@pytest.mark.parametrize(
    ("config", "method"),
    [({}, None), ({"quantization_config": {"quant_method": "awq"}}, "awq"), ({"quantization_config": {}}, "unknown")],
)
def test_the_quantisation_method_is_read(tmp_path: Path, config: dict[str, Any], method: str | None) -> None:
    checkpoint = read_checkpoint(make_checkpoint(tmp_path, **config))

    assert checkpoint is not None
    assert checkpoint.quantization == method


def test_modelopt_is_detected_by_its_own_file(tmp_path: Path) -> None:
    (make_checkpoint(tmp_path) / "hf_quant_config.json").write_text('{"quantization": {}}')

    checkpoint = read_checkpoint(tmp_path)

    assert checkpoint is not None
    assert checkpoint.quantization == "modelopt"


def test_the_cache_has_two_tensors_in_each_layer(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(make_checkpoint(tmp_path))
    wide = read_checkpoint(make_checkpoint(tmp_path / "wide", head_dim=64, torch_dtype="float32"))
    compressed = read_checkpoint(make_checkpoint(tmp_path / "mla", kv_lora_rank=512))

    assert checkpoint is not None and wide is not None and compressed is not None  # noqa: PT018
    assert checkpoint.cache_bytes_per_token == 2 * 2 * 2 * 32 * 2
    assert wide.cache_bytes_per_token == 2 * 2 * 2 * 64 * 4
    assert compressed.cache_bytes_per_token is None


def test_weights_are_measured_and_missing_shards_listed(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, weights=5000)
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "pytorch_model.bin").write_bytes(b"not counted twice")

    checkpoint = read_checkpoint(folder)

    assert checkpoint is not None
    assert (checkpoint.weight_bytes, checkpoint.missing_shards) == (5000, ("model-2.safetensors",))


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_folder_without_readable_configuration_has_no_checkpoint(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)

    assert read_checkpoint(tmp_path) is None


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"])
def test_a_hub_id_is_found_in_the_hub_cache(tmp_path: Path, variable: str) -> None:
    hub = {"HF_HUB_CACHE": tmp_path, "HF_HOME": tmp_path / "hub", "XDG_CACHE_HOME": tmp_path / "huggingface" / "hub"}
    model = hub[variable] / "models--org--name"
    make_checkpoint(model / "snapshots" / "old")
    newest = make_checkpoint(model / "snapshots" / "new")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("new")

    assert find_model_folder("org/name", {variable: str(tmp_path)}) == newest
    assert find_model_folder("org/other", {variable: str(tmp_path)}) is None


def test_a_folder_is_returned_unchanged(tmp_path: Path) -> None:
    assert find_model_folder(str(tmp_path), {}) == tmp_path


def test_other_files_do_not_count_as_weights(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, weights=5000)
    (folder / "consolidated.safetensors").write_bytes(b"the same weights again")
    (folder / "training_args.bin").write_bytes(b"x")

    checkpoint, empty = read_checkpoint(folder), read_checkpoint(make_checkpoint(tmp_path / "empty", weights=0))
    (tmp_path / "empty" / "training_args.bin").write_bytes(b"x")

    assert checkpoint is not None and empty is not None  # noqa: PT018
    assert (checkpoint.weight_bytes, empty.weight_files) == (5000, ())


def test_a_dangling_link_counts_as_empty(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, weights=0)
    (folder / "model.safetensors").symlink_to("nowhere")

    checkpoint = read_checkpoint(folder)

    assert checkpoint is not None
    assert checkpoint.weight_bytes == 0


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_an_impossible_file_name_is_not_found(name: str) -> None:
    assert find_model_folder(name, {}) is None
