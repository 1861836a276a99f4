"""Check that the tokenizer's files are there and whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.checkpoint import find_model_folder
from prompt_policy.launcher.machine.file_integrity import find_damage
from prompt_policy.launcher.options import flag_value
from prompt_policy.launcher.preflight.checkpoint import PATH_PREFIXES
from prompt_policy.launcher.preflight.weights import will_download

_SETTINGS: Final = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
# The vocabularies of all kinds of tokenizers, and the code of a model's own.
_VOCABULARIES: Final = ("tokenizer.json", "tekken.json", "*.model", "*.model.v*", "vocab.*", "*.tiktoken", "*.bpe",
                        "merges.txt", "*.spm", "*vocab*", "tokenizer.*", "tiktoken*", "tokenization_*.py")  # fmt: skip


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a tokenizer that is missing, or has a damaged file."""
    checkpoint = plan.checkpoint
    if checkpoint is None or plan.installation.is_custom:
        return
    if flag_value(plan.options.args, "skip_tokenizer_init") is not None:
        return
    other = flag_value(plan.options.args, "tokenizer")
    folder = find_model_folder(other, plan.environment) if other else checkpoint.folder
    if folder is None:
        if other and other.startswith(PATH_PREFIXES):  # anything else may be a hub id, which vLLM downloads
            yield f"--tokenizer {other}: no such folder; set it to a folder with a tokenizer, or a hub id"
        return
    vocabularies = _find_files(folder, _VOCABULARIES)
    if not vocabularies and not will_download(plan):
        yield (
            f"{folder} has no tokenizer (tokenizer.json, tokenizer.model, vocab.json); complete the download, or set "
            "--tokenizer after --"
        )
    yield from filter(None, map(find_damage, (*vocabularies, *_find_files(folder, _SETTINGS))))


def _find_files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted({file for pattern in patterns for file in folder.glob(pattern) if file.suffix != ".safetensors"})
