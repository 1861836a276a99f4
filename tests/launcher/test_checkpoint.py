"""What a checkpoint says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.checkpoint import checkpoint_at, folder_of
from tests.launcher.made import checkpoint


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
def test_the_longest_context_is_derived_as_vllm_does(
    tmp_path: Path, config: dict[str, Any], length: int | None
) -> None:
    found = checkpoint_at(checkpoint(tmp_path, **config))

    assert found is not None
    assert found.max_model_len == length


@pytest.mark.parametrize(
    ("config", "method"),
    [({}, None), ({"quantization_config": {"quant_method": "awq"}}, "awq"), ({"quantization_config": {}}, "unknown")],
)
def test_the_quantisation_is_told(tmp_path: Path, config: dict[str, Any], method: str | None) -> None:
    found = checkpoint_at(checkpoint(tmp_path, **config))

    assert found is not None
    assert found.quantization == method


def test_modelopt_says_it_in_a_file_of_its_own(tmp_path: Path) -> None:
    (checkpoint(tmp_path) / "hf_quant_config.json").write_text('{"quantization": {}}')

    found = checkpoint_at(tmp_path)

    assert found is not None
    assert found.quantization == "modelopt"


def test_the_cache_takes_two_tensors_a_layer(tmp_path: Path) -> None:
    found = checkpoint_at(checkpoint(tmp_path))
    wide = checkpoint_at(checkpoint(tmp_path / "wide", head_dim=64, torch_dtype="float32"))
    compressed = checkpoint_at(checkpoint(tmp_path / "mla", kv_lora_rank=512))

    assert found is not None and wide is not None and compressed is not None  # noqa: PT018
    assert found.cache_bytes_per_token == 2 * 2 * 2 * 32 * 2
    assert wide.cache_bytes_per_token == 2 * 2 * 2 * 64 * 4
    assert compressed.cache_bytes_per_token is None


def test_weights_are_measured_and_missing_shards_told(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, weights=5000)
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "pytorch_model.bin").write_bytes(b"not counted twice")

    found = checkpoint_at(folder)

    assert found is not None
    assert (found.weight_bytes, found.missing_shards) == (5000, ("model-2.safetensors",))


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_folder_without_a_readable_configuration_is_no_checkpoint(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)

    assert checkpoint_at(tmp_path) is None


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"])
def test_a_hub_id_is_looked_for_in_the_hubs_cache(tmp_path: Path, variable: str) -> None:
    hub = {"HF_HUB_CACHE": tmp_path, "HF_HOME": tmp_path / "hub", "XDG_CACHE_HOME": tmp_path / "huggingface" / "hub"}
    model = hub[variable] / "models--org--name"
    checkpoint(model / "snapshots" / "old")
    newest = checkpoint(model / "snapshots" / "new")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("new")

    assert folder_of("org/name", {variable: str(tmp_path)}) == newest
    assert folder_of("org/other", {variable: str(tmp_path)}) is None


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert folder_of(str(tmp_path), {}) == tmp_path


def test_what_is_no_weight_of_the_model_does_not_count(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, weights=5000)
    (folder / "consolidated.safetensors").write_bytes(b"the same weights again")
    (folder / "training_args.bin").write_bytes(b"x")

    found, empty = checkpoint_at(folder), checkpoint_at(checkpoint(tmp_path / "empty", weights=0))
    (tmp_path / "empty" / "training_args.bin").write_bytes(b"x")

    assert found is not None and empty is not None  # noqa: PT018
    assert (found.weight_bytes, empty.weight_files) == (5000, ())


def test_a_link_of_the_cache_that_leads_nowhere_is_no_fault_of_ours(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, weights=0)
    (folder / "model.safetensors").symlink_to("nowhere")

    found = checkpoint_at(folder)

    assert found is not None
    assert found.weight_bytes == 0


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_nowhere(name: str) -> None:
    assert folder_of(name, {}) is None
