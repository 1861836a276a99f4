"""What a checkpoint on disk says of itself: its sizes and its quantisation, read from small JSON files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.wire.values import Json, JsonObject

# The names that architectures give to the longest context.
_LENGTHS: Final = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length",
                   "max_seq_length", "seq_len", "max_target_positions")  # fmt: skip
_BYTES: Final = {"float32": 4, "float16": 2, "bfloat16": 2}
# Ways of stretching the context that vLLM does not multiply the length by.
_UNSTRETCHED: Final = ("su", "longrope", "llama3", "mrope", "default", None)
_OTHER_CACHES: Final = ("kv_lora_rank", "layer_types", "sliding_window", "mamba_d_state", "hybrid_override_pattern",
                        "layers_block_type", "attn_layer_period")  # fmt: skip
_NO_WEIGHTS: Final = ("training_args", "optimizer", "scheduler", "rng_state", "consolidated")
_WEIGHTS: Final = ("*.safetensors", "*.bin", "*.pt", "*.gguf")


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a checkpoint. What its ``config.json`` does not say is None."""

    folder: Path
    config: JsonObject

    @property
    def max_model_len(self) -> int | None:
        """The longest context in tokens, as vLLM derives it."""
        if stated := _count(self._text.get("model_max_length")):  # it replaces what is derived
            return stated
        found = [length for name in _LENGTHS if (length := _count(self._text.get(name)))]
        if not found:
            return None
        scaling = self._text.get("rope_scaling") or self._text.get("rope_parameters") or {}
        kind = scaling.get("rope_type", scaling.get("type")) if isinstance(scaling, dict) else None
        if kind in _UNSTRETCHED or self._text.get("model_type") == "gemma3_text":
            return min(found)
        begun = _count(scaling.get("original_max_position_embeddings")) if kind == "yarn" else None
        factor = scaling.get("factor")
        return int((begun or min(found)) * (factor if isinstance(factor, int | float) else 1))

    @property
    def quantization(self) -> str | None:
        """How the weights are quantised, such as ``awq``; None for not at all."""
        for place in (self.config, self._text):
            stated = place.get("quantization_config")
            if isinstance(stated, dict):
                return str(stated.get("quant_method", "unknown"))
        if "compression_config" in self.config:
            return "compressed-tensors"
        modelopt = _read(self.folder / "hf_quant_config.json")
        return "modelopt" if modelopt else None

    @property
    def heads(self) -> int | None:
        """The attention heads."""
        return _count(self._text.get("num_attention_heads"))

    @property
    def kv_heads(self) -> int | None:
        """The key-value heads."""
        return _count(self._text.get("num_key_value_heads"))

    @property
    def cache_bytes_per_token(self) -> int | None:
        """The bytes that the key-value cache takes for each token: two tensors a layer.

        None where layers differ, or hold something else, of which this arithmetic knows nothing.
        """
        layers, heads, hidden = (_count(self._text.get(k)) for k in ("num_hidden_layers", "num_attention_heads",
                                                                     "hidden_size"))  # fmt: skip
        if not (layers and heads and hidden) or any(self._text.get(key) for key in _OTHER_CACHES):
            return None
        kv_heads = _count(self._text.get("num_key_value_heads")) or heads
        size = _count(self._text.get("head_dim")) or hidden // heads
        kind = self._text.get("dtype") or self._text.get("torch_dtype") or self.config.get("torch_dtype")
        return 2 * layers * kv_heads * size * _BYTES.get(str(kind), 2)

    @property
    def weight_bytes(self) -> int:
        """The size of the weight files."""
        return sum(file.stat().st_size for file in self.weight_files if file.exists())

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """The weight files: those of the index, else of the first format that is there."""
        if shards := self._shards:
            return tuple(self.folder / file for file in shards)
        for pattern in _WEIGHTS:
            files = sorted(self.folder.glob(pattern))
            if weights := [file for file in files if not file.name.startswith(_NO_WEIGHTS)]:
                return tuple(weights)
        return tuple(sorted(self.folder.glob("consolidated*")))

    @property
    def missing_shards(self) -> tuple[str, ...]:
        """Files that the index of a sharded checkpoint names and that are not there."""
        return tuple(file for file in self._shards if not (self.folder / file).exists())

    @property
    def _shards(self) -> tuple[str, ...]:
        index = _read(self.folder / "model.safetensors.index.json") or {}
        named = index.get("weight_map")
        return tuple(sorted({str(file) for file in named.values()})) if isinstance(named, dict) else ()

    @property
    def _text(self) -> JsonObject:
        """The part of the configuration for text, where a model reads images too."""
        inner = self.config.get("text_config")
        return inner if isinstance(inner, dict) else self.config


def checkpoint_at(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in a folder, or None where it has no ``config.json`` that can be read."""
    config = _read(folder / "config.json")
    return None if config is None else Checkpoint(folder, config)


def folder_of(model: str, environment: Mapping[str, str]) -> Path | None:
    """Return the folder of a model: itself, or the hub cache's newest snapshot of a hub id; None: not on this disk."""
    try:
        return Path(model) if Path(model).is_dir() else _cached(model, hub_cache(environment))
    except (OSError, ValueError):  # a name that no file can have
        return None


def _cached(model: str, cache: Path) -> Path | None:
    cached = cache / f"models--{model.replace('/', '--')}"
    main = cached / "refs" / "main"
    revision = main.read_text().strip() if main.is_file() else ""
    found = [cached / "snapshots" / revision] if revision else sorted((cached / "snapshots").glob("*"))
    return next((folder for folder in found if (folder / "config.json").exists()), None)


def hub_cache(environment: Mapping[str, str]) -> Path:
    """Return the folder where the hub's client keeps what it downloaded."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if value := environment.get(name):
            return Path(value)
    home = environment.get("HF_HOME") or Path(environment.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(home).expanduser() / "hub"


def _read(file: Path) -> JsonObject | None:
    try:
        value: Json = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
