"""Convert a GGUF file of a Llama model into a checkpoint that vLLM serves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import ml_dtypes
import numpy as np
from gguf import GGUFReader, ReaderTensor, dequantize
from safetensors.numpy import save_file

from prompt_policy.proxy.demo.tokenizer import build_tokenizer, build_tokenizer_config

_GLOBAL_NAMES: Final = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
_LAYER_NAMES: Final = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
Metadata = Mapping[str, Any]
"""The metadata of a GGUF file, by its keys."""


def convert_gguf(path: Path, folder: Path) -> None:
    """Write the checkpoint of a GGUF file into a new folder: weights, tokenizer, chat template and configuration.

    The weights are in bfloat16. Raise OSError if the folder exists or cannot be written.
    """
    reader = GGUFReader(path)
    metadata = {name: field.contents() for name, field in reader.fields.items()}
    folder.mkdir()
    tensors = {name: _round(values) for name, values in _read_tensors(reader.tensors, metadata)}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    build_tokenizer(metadata).save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", build_tokenizer_config(metadata))
    _write_json(folder / "config.json", build_config(metadata))
    _write_json(folder / "generation_config.json", _build_token_ids(metadata))
    (folder / "chat_template.jinja").write_text(metadata["tokenizer.chat_template"], encoding="utf-8")


def build_config(metadata: Metadata) -> dict[str, Any]:
    """Return the ``config.json`` of a Llama model without a separate output layer."""
    llama = {key.removeprefix("llama."): value for key, value in metadata.items()}
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "bfloat16",
        "hidden_act": "silu",
        "vocab_size": len(metadata["tokenizer.ggml.tokens"]),
        "hidden_size": llama["embedding_length"],
        "intermediate_size": llama["feed_forward_length"],
        "num_hidden_layers": llama["block_count"],
        "num_attention_heads": llama["attention.head_count"],
        "num_key_value_heads": llama["attention.head_count_kv"],
        "max_position_embeddings": llama["context_length"],
        "rms_norm_eps": llama["attention.layer_norm_rms_epsilon"],
        "rope_theta": llama["rope.freq_base"],
        "tie_word_embeddings": True,
        **_build_token_ids(metadata),
    }


def _build_token_ids(metadata: Metadata) -> dict[str, int]:
    names = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"}
    return {name: metadata[f"tokenizer.ggml.{stored}_token_id"] for name, stored in names.items()}


def _read_tensors(tensors: list[ReaderTensor], metadata: Metadata) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield the name that transformers uses, and the values, of each tensor."""
    heads = {"attn_q": metadata["llama.attention.head_count"], "attn_k": metadata["llama.attention.head_count_kv"]}
    for tensor in tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        part = tensor.name.split(".")[-2]
        yield rename_tensor(tensor.name), unpermute(values, heads[part]) if part in heads else values


def rename_tensor(name: str) -> str:
    """Return the name that transformers uses for a tensor of a Llama model."""
    match name.split("."):
        case ["blk", index, part, kind]:
            return f"model.layers.{index}.{_LAYER_NAMES[part]}.{kind}"
        case [part, kind]:
            return f"{_GLOBAL_NAMES[part]}.{kind}"
    raise ValueError(f"unknown tensor {name}")


def unpermute(values: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Return the rows of a query or key matrix in transformers' order.

    GGUF interleaves the two halves of each head, which rotary embeddings rotate together.
    """
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _round(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(values).astype(ml_dtypes.bfloat16)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
