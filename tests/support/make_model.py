"""Create a tiny model with random weights: ``python make_model.py FOLDER``, run by vLLM's own interpreter.

Its text is noise, but parameters, templates, prefills and streams behave as with a real model. Nothing is downloaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
SPECIAL = [BEGIN, END, "<｜User｜>", "<｜Assistant｜>"]
ADDED = ["<think>", "</think>"]
SENTENCES = [
    "Please reason step by step, and put your final answer within \\boxed{}.",
    "请逐步推理，并将最终答案放在\\boxed{}内。",
    "You are a helpful assistant. Answer in one short sentence.",
    "What is the sum of the first ten natural numbers?",
    "def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n",
]
# With transformers' default of 0.02 the next token hardly depends on the prompt; with 0.3 sampling is nearly greedy.
INITIALIZER_RANGE = 0.15


def make_model(folder: Path) -> None:
    """Write the model and its tokenizer into a folder."""
    tokenizer = _train_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32768,
        initializer_range=INITIALIZER_RANGE,
        bos_token_id=tokenizer.convert_tokens_to_ids(BEGIN),
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def _train_tokenizer() -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        show_progress=False,
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    bpe.add_tokens([AddedToken(token, special=False) for token in ADDED])
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=BEGIN, eos_token=END, pad_token=END)


if __name__ == "__main__":
    make_model(Path(sys.argv[1]))
