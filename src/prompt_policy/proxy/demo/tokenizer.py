"""Rebuild a byte-level BPE tokenizer from the metadata of a GGUF file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

_CONTROL: Final = 3
"""GGUF's type of a token that is never a part of a text."""
_USER_DEFINED: Final = 4
"""GGUF's type of a token that a text may contain, and that is never split, such as ``<think>``."""


def build_tokenizer(metadata: Mapping[str, Any]) -> Tokenizer:
    """Return the tokenizer, which splits numbers into digits as ``tokenizer.ggml.pre: smollm`` does."""
    tokens, types = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    merges = [tuple(pair.split(" ")) for pair in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    for kind, special in ((_CONTROL, True), (_USER_DEFINED, False)):
        whole = [token for token, stored in zip(tokens, types, strict=True) if stored == kind]
        tokenizer.add_tokens([AddedToken(token, special=special, normalized=False) for token in whole])
    return tokenizer


def build_tokenizer_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``tokenizer_config.json``."""
    tokens = metadata["tokenizer.ggml.tokens"]
    names = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
    special = {name: tokens[metadata[f"tokenizer.ggml.{stored}_token_id"]] for name, stored in names.items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": metadata["llama.context_length"],
        **special,
    }
