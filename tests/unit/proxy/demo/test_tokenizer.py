"""The tokenizer of a GGUF file's metadata."""

from __future__ import annotations

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

from prompt_policy.proxy.demo.tokenizer import build_tokenizer, build_tokenizer_config

TOKENS = ["<|unknown|>", "<|begin|>", "<|end|>", *sorted(ByteLevel.alphabet()), "ab", "12", "<think>"]
METADATA = {
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.token_type": [3, 3, 3, *[1] * (len(TOKENS) - 4), 4],
    "tokenizer.ggml.merges": ["a b", "1 2"],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.padding_token_id": 2,
    "tokenizer.ggml.unknown_token_id": 0,
    "llama.context_length": 8192,
}


def split(text: str) -> list[str]:
    tokenizer: Tokenizer = build_tokenizer(METADATA)
    return list(tokenizer.encode(text).tokens)


def test_letters_are_merged_and_digits_are_not() -> None:
    assert split("ab12") == ["ab", "1", "2"]


def test_control_tokens_stay_whole() -> None:
    assert split("<|begin|>ab<|end|>") == ["<|begin|>", "ab", "<|end|>"]


def test_a_token_of_the_model_stays_whole_and_is_text() -> None:
    tokenizer = build_tokenizer(METADATA)
    encoded = tokenizer.encode("<think>ab")
    assert encoded.tokens == ["<think>", "ab"]
    assert tokenizer.decode(encoded.ids, skip_special_tokens=True) == "<think>ab"


def test_any_text_survives() -> None:
    tokenizer = build_tokenizer(METADATA)
    text = "Zürich, 北京 \n\t 🙂 ab"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_configuration_names_the_special_tokens() -> None:
    config = build_tokenizer_config(METADATA)
    assert (config["bos_token"], config["eos_token"], config["pad_token"]) == ("<|begin|>", "<|end|>", "<|end|>")
    assert config["unk_token"] == "<|unknown|>"
    assert config["model_max_length"] == 8192
