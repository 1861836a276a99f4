"""A GGUF file becomes a checkpoint with the same values, in transformers' order and names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from gguf import GGUFWriter
from safetensors import safe_open

from prompt_policy.proxy.demo.checkpoint import convert_gguf, rename_tensor, unpermute

HEADS, SIZE, HIDDEN = 2, 8, 16
TOKENS = ["<unk>", "<s>", "</s>", "a", "b", "ab"]


def permute(values: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Return the rows in GGUF's order: its converter's own formula."""
    return (
        values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
    )


def write_gguf(path: Path, tensors: dict[str, np.ndarray[Any, Any]]) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(SIZE)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([2, 3, 3, 1, 1, 1])
    writer.add_token_merges(["a b"])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{{ messages[0].content }}")
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture
def tensors() -> dict[str, np.ndarray[Any, Any]]:
    """Tensors in transformers' order, by GGUF's names. All values are exact in bfloat16."""
    random = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray[Any, Any]:
        return random.integers(-8, 8, shape).astype(np.float32)

    layer = {
        "attn_q": draw(SIZE, SIZE), "attn_k": draw(SIZE, SIZE), "attn_v": draw(SIZE, SIZE),
        "attn_output": draw(SIZE, SIZE), "ffn_gate": draw(HIDDEN, SIZE), "ffn_up": draw(HIDDEN, SIZE),
        "ffn_down": draw(SIZE, HIDDEN), "attn_norm": draw(SIZE), "ffn_norm": draw(SIZE),
    }  # fmt: skip
    named = {f"blk.0.{name}.weight": values for name, values in layer.items()}
    return {"token_embd.weight": draw(len(TOKENS), SIZE), "output_norm.weight": draw(SIZE), **named}


def test_values_names_and_files_are_those_of_a_checkpoint(
    tmp_path: Path, tensors: dict[str, np.ndarray[Any, Any]]
) -> None:
    permuted = {name: permute(v, HEADS) if "attn_q" in name or "attn_k" in name else v for name, v in tensors.items()}
    write_gguf(tmp_path / "model.gguf", permuted)

    convert_gguf(tmp_path / "model.gguf", tmp_path / "checkpoint")

    with safe_open(tmp_path / "checkpoint" / "model.safetensors", "numpy") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    assert set(stored) == {rename_tensor(name) for name in tensors}
    for name, values in tensors.items():
        assert stored[rename_tensor(name)].dtype == ml_dtypes.bfloat16
        assert np.array_equal(stored[rename_tensor(name)].astype(np.float32), values), name
    config = json.loads((tmp_path / "checkpoint" / "config.json").read_text())
    assert (config["num_attention_heads"], config["vocab_size"], config["eos_token_id"]) == (HEADS, len(TOKENS), 2)
    assert config["rms_norm_eps"] == pytest.approx(1e-5)
    assert json.loads((tmp_path / "checkpoint" / "generation_config.json").read_text())["bos_token_id"] == 1
    assert (tmp_path / "checkpoint" / "chat_template.jinja").read_text() == "{{ messages[0].content }}"


def test_an_existing_folder_is_not_overwritten(tmp_path: Path, tensors: dict[str, np.ndarray[Any, Any]]) -> None:
    write_gguf(tmp_path / "model.gguf", tensors)
    with pytest.raises(FileExistsError):
        convert_gguf(tmp_path / "model.gguf", tmp_path)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_the_order_of_rows_is_restored(heads: int) -> None:
    values = np.arange(16 * 3).reshape(16, 3)
    assert np.array_equal(unpermute(permute(values, heads), heads), values)


def test_an_unknown_tensor_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"unknown tensor rope_freqs\.weight\.x\.y\.z"):
        rename_tensor("rope_freqs.weight.x.y.z")
