"""A checkpoint on disk: its context length, quantisation and sizes, read from its small JSON files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.wire.values import Json, JsonObject

# The keys under which architectures store the maximum context length.
_LENGTH_KEYS: Final = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length",
                       "max_seq_length", "seq_len", "max_target_positions")  # fmt: skip
_BYTES_PER_VALUE: Final = {"float32": 4, "float16": 2, "bfloat16": 2}
# RoPE scaling types for which vLLM does not multiply the context length.
_UNSCALED: Final = ("su", "longrope", "llama3", "mrope", "default", None)
# Keys of architectures whose layers do not all hold a plain key-value cache.
_OTHER_CACHES: Final = ("kv_lora_rank", "layer_types", "sliding_window", "mamba_d_state", "hybrid_override_pattern",
                        "layers_block_type", "attn_layer_period")  # fmt: skip
_NOT_WEIGHTS: Final = ("training_args", "optimizer", "scheduler", "rng_state", "consolidated")
INDEX_FILE: Final = "model.safetensors.index.json"
_WEIGHTS: Final = ("*.safetensors", "*.bin", "*.pt", "*.gguf")


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a checkpoint, and its ``config.json``. Properties that the file does not define return None."""

    folder: Path
    config: JsonObject

    @property
    def max_model_len(self) -> int | None:
        """The maximum context length in tokens, derived as vLLM derives it."""
        if stated := _positive_int(self._text.get("model_max_length")):  # takes precedence over derived values
            return stated
        lengths = [length for key in _LENGTH_KEYS if (length := _positive_int(self._text.get(key)))]
        if not lengths:
            return None
        scaling = self._text.get("rope_scaling") or self._text.get("rope_parameters") or {}
        kind = scaling.get("rope_type", scaling.get("type")) if isinstance(scaling, dict) else None
        if kind in _UNSCALED or self._text.get("model_type") == "gemma3_text":
            return min(lengths)
        original = _positive_int(scaling.get("original_max_position_embeddings")) if kind == "yarn" else None
        factor = scaling.get("factor")
        return int((original or min(lengths)) * (factor if isinstance(factor, int | float) else 1))

    @property
    def quantization(self) -> str | None:
        """The quantisation method of the weights, such as ``awq``; None if they are not quantised."""
        for config in (self.config, self._text):
            stated = config.get("quantization_config")
            if isinstance(stated, dict):
                return str(stated.get("quant_method", "unknown"))
        if "compression_config" in self.config:
            return "compressed-tensors"
        modelopt = _read_json(self.folder / "hf_quant_config.json")
        return "modelopt" if modelopt else None

    @property
    def attention_heads(self) -> int | None:
        """The number of attention heads."""
        return _positive_int(self._text.get("num_attention_heads"))

    @property
    def kv_heads(self) -> int | None:
        """The number of key-value heads."""
        return _positive_int(self._text.get("num_key_value_heads"))

    @property
    def cache_bytes_per_token(self) -> int | None:
        """The bytes of key-value cache for each token: two tensors in each layer.

        None for architectures whose layers differ or hold another kind of cache: this formula does not cover them.
        """
        layers, heads, hidden = (_positive_int(self._text.get(k)) for k in ("num_hidden_layers", "num_attention_heads",
                                                                            "hidden_size"))  # fmt: skip
        if not (layers and heads and hidden) or any(self._text.get(key) for key in _OTHER_CACHES):
            return None
        kv_heads = _positive_int(self._text.get("num_key_value_heads")) or heads
        size = _positive_int(self._text.get("head_dim")) or hidden // heads
        dtype = self._text.get("dtype") or self._text.get("torch_dtype") or self.config.get("torch_dtype")
        return 2 * layers * kv_heads * size * _BYTES_PER_VALUE.get(str(dtype), 2)

    @property
    def weight_bytes(self) -> int:
        """The total size of the weight files."""
        return sum(file.stat().st_size for file in self.weight_files if file.exists())

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """The weight files: those of the index, else those of the first format found."""
        if shards := self._shards:
            return tuple(self.folder / file for file in shards)
        for pattern in _WEIGHTS:
            files = sorted(self.folder.glob(pattern))
            if weights := [file for file in files if not file.name.startswith(_NOT_WEIGHTS)]:
                return tuple(weights)
        return tuple(sorted(self.folder.glob("consolidated*")))

    @property
    def missing_shards(self) -> tuple[str, ...]:
        """Files that the index of a sharded checkpoint names and that do not exist."""
        return tuple(file for file in self._shards if not (self.folder / file).exists())

    @property
    def _shards(self) -> tuple[str, ...]:
        index = _read_json(self.folder / INDEX_FILE) or {}
        files = index.get("weight_map")
        return tuple(sorted({str(file) for file in files.values()})) if isinstance(files, dict) else ()

    @property
    def _text(self) -> JsonObject:
        """The configuration of the text model, which multimodal models nest."""
        inner = self.config.get("text_config")
        return inner if isinstance(inner, dict) else self.config


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in a folder, or None if it has no readable ``config.json``."""
    config = _read_json(folder / "config.json")
    return None if config is None else Checkpoint(folder, config)


def find_model_folder(model: str, environment: Mapping[str, str]) -> Path | None:
    """Return a model's folder: the path itself, or the newest snapshot of a hub id in the cache; None if neither."""
    try:
        return Path(model) if Path(model).is_dir() else _find_snapshot(model, hub_cache_folder(environment))
    except (OSError, ValueError):  # not a possible file name
        return None


def _find_snapshot(model: str, cache: Path) -> Path | None:
    """Return the snapshot that the main branch names, else the first with a configuration.

    ``huggingface_hub.try_to_load_from_cache`` does the same; this saves the dependency.
    """
    folder = cache / f"models--{model.replace('/', '--')}"
    main = folder / "refs" / "main"
    revision = main.read_text().strip() if main.is_file() else ""
    snapshots = [folder / "snapshots" / revision] if revision else sorted((folder / "snapshots").glob("*"))
    return next((snapshot for snapshot in snapshots if (snapshot / "config.json").exists()), None)


def hub_cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder in which huggingface_hub caches downloads."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if value := environment.get(name):
            return Path(value)
    home = environment.get("HF_HOME") or Path(environment.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(home).expanduser() / "hub"


def _read_json(file: Path) -> JsonObject | None:
    try:
        value: Json = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _positive_int(value: Json) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
