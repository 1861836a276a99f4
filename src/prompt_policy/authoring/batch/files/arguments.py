"""Separate the arguments of ``prompt-policy apply``: policies, and at the end perhaps the file with the lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.inheritance import STDIN

_POLICY_SUFFIXES: Final = (".yaml", ".yml")
_LINES_SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".txt")


def split_arguments(arguments: Sequence[str]) -> tuple[list[str], str]:
    """Return the policies and the file with the lines, which is standard input (``-``) by default.

    The last argument is the file if it is ``-``, has the suffix of such a file, or exists and is neither a folder nor
    YAML. Raise UsageError if no policy remains.
    """
    *policies, last = arguments
    source = last if _is_lines_file(last) else STDIN
    if source != last:
        policies.append(last)
    if not policies:
        raise UsageError(f"{last} is the file with the lines; name a policy before it")
    if STDIN in policies:
        raise UsageError("- stands for the lines on standard input, at the end; name the policies before it")
    return policies, source


def _is_lines_file(argument: str) -> bool:
    path = Path(argument)
    if argument == STDIN or path.suffix.casefold() in _LINES_SUFFIXES:
        return True
    return path.suffix.casefold() not in _POLICY_SUFFIXES and path.exists() and not path.is_dir()
