"""The flags of an installed vLLM, read from its source without importing it, and the closest one to a misspelt flag."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

_ENGINE: Final = Path("engine", "arg_utils.py")
_FRONT_END: Final = "entrypoints/**/cli_args.py"
_LITERAL: Final = re.compile(r"""["'](--[a-z][\w-]+)["']""")
_FIELD: Final = re.compile(r"^    (\w+): ", re.MULTILINE)  # the front end derives its flags from dataclass fields
_MIN_SIMILARITY: Final = 0.8
_NEGATION: Final = "--no-"
_PARSER: Final = Path("utils", "argparse_utils.py")
_INVERSION: Final = "_inverse_prefixes"  # in its parser, where `--disable-x` negates `--enable-x` (vLLM 0.33)
_INVERSE: Final = {"--enable-": "--disable-", "--disable-": "--enable-"}


def read_vllm_flags(folder: Path) -> frozenset[str]:
    """Return the flags in the source of the package in ``folder``; empty if it is laid out differently.

    The list may lack flags that plugins add, so it serves suggestions only.
    """
    engine, front_end = folder / _ENGINE, sorted(folder.glob(_FRONT_END))
    if not engine.is_file() or not front_end:
        return frozenset()
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in front_end]
    flags = {flag for text in (engine.read_text(encoding="utf-8"), *texts) for flag in _LITERAL.findall(text)}
    fields = {name for text in texts for name in _FIELD.findall(text)}
    flags |= {f"--{name.replace('_', '-')}" for name in fields}
    parser = folder / _PARSER
    if parser.is_file() and _INVERSION in parser.read_text(encoding="utf-8"):
        flags |= {other + flag.removeprefix(own) for flag in flags for own, other in _INVERSE.items()
                  if flag.startswith(own)}  # fmt: skip
    return frozenset(flags)


def suggest_flag(argument: str, known: Collection[str]) -> str | None:
    """Return the known flag that an argument most likely means; None if it is known, no flag, or like none of them.

    As in vLLM, underscores count as dashes, the beginning of a flag is enough, and ``--no-…`` negates.
    """
    flag = argument.partition("=")[0].partition(".")[0].replace("_", "-")
    if not flag.startswith("--") or flag == "--":
        return None
    candidates = {*known, *(f"{_NEGATION}{name.removeprefix('--')}" for name in known)}
    if any(name.startswith(flag) for name in candidates):
        return None
    return next(iter(difflib.get_close_matches(flag, candidates, n=1, cutoff=_MIN_SIMILARITY)), None)
