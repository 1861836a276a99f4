"""Check that the weight files are there and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.checkpoint import INDEX_FILE, Checkpoint
from prompt_policy.launcher.machine.file_integrity import find_damage
from prompt_policy.launcher.options import flag_value
from prompt_policy.launcher.preflight.checkpoint import find_offline_variable

_CHECKED_FORMATS: Final = (None, "auto", "hf", "safetensors")
_SHARD: Final = re.compile(r"(.*)-\d+-of-(\d+)(\.\w+)")


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find missing and damaged weight files. Other formats of ``--load-format`` may need none."""
    checkpoint = plan.checkpoint
    is_checked = flag_value(plan.options.args, "load_format") in _CHECKED_FORMATS
    if checkpoint is None or plan.installation.is_custom or not is_checked:
        return
    if will_download(plan):
        files: tuple[Path, ...] = tuple(file for file in checkpoint.weight_files if file.exists())
    else:
        yield from _check_missing(checkpoint)
        files = tuple(file for file in checkpoint.weight_files if file.name not in checkpoint.missing_shards)
    index = checkpoint.folder / INDEX_FILE
    yield from _report_damage(checkpoint.folder, (*((index,) if index.exists() else ()), *files))


def will_download(plan: LaunchPlan) -> bool:
    """Return whether vLLM downloads the files that are missing: those of a hub id, unless a variable forbids it."""
    return not Path(plan.model).is_dir() and find_offline_variable(plan.environment) is None


def _check_missing(checkpoint: Checkpoint) -> Iterator[str]:
    folder = checkpoint.folder
    if not checkpoint.weight_files:
        yield f"{folder} has no weights (*.safetensors, *.bin, *.pt, *.gguf); complete the download"
    elif missing := checkpoint.missing_shards:
        yield f"{folder} lacks {_format_files(missing)}, which its index lists; download the checkpoint again"
    elif missing := _find_missing_numbers(checkpoint.weight_files):
        yield f"{folder} lacks {_format_files(missing)}; complete the download"


def _find_missing_numbers(files: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the shards that the names of the others, such as ``model-00001-of-00003.safetensors``, imply."""
    names = {file.name for file in files}
    shards = [match for name in names if (match := _SHARD.fullmatch(name))]
    expected = {
        f"{match[1]}-{number:0{len(match[2])}}-of-{match[2]}{match[3]}"
        for match in shards
        for number in range(1, int(match[2]) + 1)
    }
    return tuple(sorted(expected - names))


def _report_damage(folder: Path, files: tuple[Path, ...]) -> Iterator[str]:
    damages = [damage for file in files if (damage := find_damage(file))]
    yield from damages[:1]
    if others := len(damages[1:]):
        yield f"{folder} has {others} more damaged weight file{'s' if others > 1 else ''}; download them again"


def _format_files(names: tuple[str, ...]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if names[1:] else names[0]
