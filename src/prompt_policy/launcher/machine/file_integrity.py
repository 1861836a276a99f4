"""Detect damaged files of a checkpoint: empty, cut off, not JSON, or a Git LFS pointer instead of the content."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Final

_LFS_MARK: Final = b"version https://git-lfs"
_LENGTH_BYTES: Final = 8
_MAX_HEADER_BYTES: Final = 100_000_000
"""The limit of the safetensors library."""


def find_damage(file: Path) -> str | None:
    """Return a message with a remedy if a file is damaged, or None. Only JSON and safetensors files are parsed."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(_LFS_MARK))
        if not start:
            return f"{file} is empty; download it again"
        if start == _LFS_MARK:
            return f"{file} is a Git LFS pointer instead of the content; run `git lfs pull` in its folder"
        if file.suffix == ".json":
            return _find_json_damage(file)
        return _find_safetensors_damage(file) if file.suffix == ".safetensors" else None
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}; make it readable"


def _find_json_damage(file: Path) -> str | None:
    data = file.read_bytes()
    try:
        value = json.loads(data.decode())
    except UnicodeDecodeError as error:
        line, column = data.count(b"\n", 0, error.start) + 1, error.start - data.rfind(b"\n", 0, error.start)
        return f"{file}:{line}:{column}: is not UTF-8; download the file again"
    except json.JSONDecodeError as error:
        return f"{file}:{error.lineno}:{error.colno}: is not JSON: {error.msg}; download the file again"
    except RecursionError:
        return f"{file} is nested too deeply; download it again"
    return None if isinstance(value, dict) else f"{file} is not a JSON object; download it again"


def _find_safetensors_damage(file: Path) -> str | None:
    """Compare the size with the header: its length in 8 bytes, then JSON with the offsets of each tensor."""
    size, described = file.stat().st_size, _read_described_bytes(file)
    if described is None:
        return f"{file} has no valid safetensors header; download it again"
    if size != described:
        return f"{file} has {size} bytes, but its header describes {described}; download it again"
    return None


def _read_described_bytes(file: Path) -> int | None:
    """Return the size that the header of a safetensors file describes, or None if the header is invalid."""
    with file.open("rb") as opened:
        prefix = opened.read(_LENGTH_BYTES)
        if len(prefix) < _LENGTH_BYTES:
            return None
        (length,) = struct.unpack("<Q", prefix)
        if length > _MAX_HEADER_BYTES:
            return None
        header = opened.read(length)
    try:
        tensors = json.loads(header)
        ends = [tensor["data_offsets"][1] for name, tensor in tensors.items() if name != "__metadata__"]
        return _LENGTH_BYTES + int(length) + max(map(int, ends), default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
