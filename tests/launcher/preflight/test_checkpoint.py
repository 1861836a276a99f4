"""Whether the checkpoint is there, whole, and as the options say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.preflight.checkpoint import check
from tests.launcher.made import checkpoint, plan

AWQ = {"quantization_config": {"quant_method": "awq"}}
COMPRESSED = {"quantization_config": {"quant_method": "compressed-tensors"}}


@pytest.mark.parametrize(
    ("config", "wanted", "found"),
    [
        ({}, "awq", "says nothing of quantisation"),
        ({}, "gptq_marlin", "says nothing of quantisation"),
        ({}, "fp8", None),
        ({}, "bitsandbytes", None),
        (AWQ, "awq", None),
        (AWQ, "awq_marlin", None),
        (AWQ, "gptq", "config.json says awq"),
        (AWQ, "fp8", "config.json says awq"),
        (AWQ, "moe_wna16", None),
        (COMPRESSED, "compressed-tensors", None),
        (COMPRESSED, "compressed_tensors", None),
        (AWQ, None, None),
    ],
)
def test_a_quantisation_that_the_checkpoint_contradicts(
    tmp_path: Path, config: dict[str, Any], wanted: str | None, found: str | None
) -> None:
    lines = list(check(plan(checkpoint(tmp_path, **config), quantization=wanted)))

    assert len(lines) == (1 if found else 0)
    assert all(found in line for line in lines if found)


@pytest.mark.parametrize(("wanted", "found"), [("2048", False), ("2049", True), ("4k", True), ("auto", False)])
def test_a_length_above_the_checkpoints(tmp_path: Path, wanted: str, found: bool) -> None:
    made = checkpoint(tmp_path)

    assert bool(list(check(plan(made, max_model_len=wanted)))) is found
    assert not list(check(plan(made, max_model_len=wanted, env={"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"})))


def test_a_folder_without_configuration_or_weights(tmp_path: Path) -> None:
    (empty := tmp_path / "empty").mkdir()
    (gguf := tmp_path / "gguf").mkdir()
    (gguf / "m.gguf").touch()

    assert "has no config.json" in next(iter(check(plan(empty))))
    assert "has no weights" in next(iter(check(plan(checkpoint(tmp_path / "m", weights=0)))))
    assert not list(check(plan(gguf)))


def test_missing_shards(tmp_path: Path) -> None:
    weights = {str(n): f"model-{n}.safetensors" for n in range(3)}
    (checkpoint(tmp_path) / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))

    assert "lacks model-0.safetensors and 2 more" in next(iter(check(plan(tmp_path))))


@pytest.mark.parametrize("path", ["/no/such/folder", "./none", "a/b/c"])
def test_a_folder_that_is_not_there(path: str) -> None:
    assert "no such folder" in next(iter(check(plan(path))))


def test_a_hub_id_is_looked_for_only_where_it_may_not_be_fetched(tmp_path: Path) -> None:
    cache = {"HF_HUB_CACHE": str(tmp_path)}

    assert not list(check(plan("org/m", environment=cache)))
    (line,) = check(plan("org/m", environment={**cache, "HF_HUB_OFFLINE": "1"}))
    assert line.startswith(f"org/m is not in {tmp_path} and HF_HUB_OFFLINE forbids")
