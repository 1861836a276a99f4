"""One policy file with all that it extends, as a chain of files."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from prompt_policy.errors import Problem
from prompt_policy.policy.document import Policy, Source
from prompt_policy.policy.library import library_folder, shipped_names
from prompt_policy.policy.mistakes import mistakes, near
from prompt_policy.policy.stamp import Stamp, stamp_of
from prompt_policy.policy.yaml_text import MAX_BYTES, Parsed, parse

STDIN: Final = "-"
_LONGEST: Final = 32
"""Files in a chain: each file of a folder is loaded with its whole chain."""


@dataclass(frozen=True)
class Loaded:
    """A policy with the file that it stands in."""

    policy: Policy
    parsed: Parsed
    path: Path


@dataclass
class Reading:
    """What came of reading files: every mistake, and each file's stamp."""

    problems: list[Problem] = field(default_factory=list)
    stamps: dict[Path, Stamp | None] = field(default_factory=dict)


def chain_of(path: Path, root: Path, reading: Reading) -> list[Loaded] | None:
    """Load one file, then what it extends, and so on; None where one of them cannot be used."""
    chain: list[Loaded] = []
    seen: set[Path] = set()
    wanted: Path | None = path
    while wanted is not None:
        loaded = _read(wanted, reading)
        if loaded is None:
            return None
        seen.add(wanted.resolve())
        chain.append(loaded)
        wanted = _base_of(loaded, root, seen, reading)
        if wanted is not None and len(chain) == _LONGEST:
            reading.problems.append(
                loaded.parsed.problem(("extends",), f"more than {_LONGEST} files extend each other")
            )
            return None
        if wanted is None and loaded.policy.extends is not None:
            return None
    return chain


def _read(path: Path, reading: Reading) -> Loaded | None:
    """Read and validate one file by itself."""
    try:
        reading.stamps[path] = stamp_of(path)  # before it is read, so that no later change can be missed
        parsed = parse(*_text_of(path))
    except OSError as error:
        reading.problems.append(Problem(str(path), 0, 0, "", f"cannot be read: {error.strerror}"))
        return None
    reading.problems += parsed.problems
    if parsed.data is None:
        return None
    try:
        policy = Policy.model_validate(parsed.data)
    except ValidationError as error:
        known = {problem.path for problem in parsed.problems}
        reading.problems += (problem for problem in mistakes(error, parsed) if problem.path not in known)
        return None
    if policy.extends is None and "rules" not in policy.model_fields_set:
        reading.problems.append(parsed.problem(("rules",), "is missing"))
    reading.problems += _doubled_rules(policy, parsed)
    return Loaded(policy, parsed, path)


def _text_of(path: Path) -> tuple[bytes, str]:
    return (_stdin(), "<stdin>") if str(path) == STDIN else (_bytes_of(path), str(path))


def _bytes_of(path: Path) -> bytes:
    """Read a file, no more of it than will be told to be too much.

    A pipe is none: reading it might never end, and neither would the watch over the files. What stands in /dev was
    given on purpose, such as the /dev/fd/63 that a shell makes of ``<(command)``.
    """
    given = path.is_relative_to("/dev")
    descriptor = os.open(path, os.O_RDONLY | (0 if given else getattr(os, "O_NONBLOCK", 0)))
    with os.fdopen(descriptor, "rb") as file:
        if not given and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Is no regular file")
        return file.read(MAX_BYTES + 1)


@cache
def _stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_BYTES + 1)  # once: what was loaded may be asked about again


def _base_of(loaded: Loaded, root: Path, seen: set[Path], reading: Reading) -> Path | None:
    """Return the file that ``extends`` names: one below the same root, or a shipped one."""
    name = loaded.policy.extends
    if name is None:
        return None
    file, shipped = loaded.path.parent / name, library_folder() / f"{name}.yaml"
    if str(file) == STDIN:
        file = file.absolute()  # a file of that name: only who loads policies may say that one is standard input
    if _is_file(file):
        inside = any(file.resolve().is_relative_to(folder.resolve()) for folder in (root, library_folder()))
        mistake = "" if inside else f"{name} is outside the policies' folder"
        base = file
    elif _is_file(shipped) and shipped.resolve().parent == library_folder().resolve():
        mistake, base = "", shipped
    else:
        mistake, base = f"no file or shipped policy '{name}'{near(name, shipped_names())}", file
    if not mistake and base.resolve() in seen:
        mistake = f"'{name}' extends this file again: a circle"
    if mistake:
        reading.problems.append(loaded.parsed.problem(("extends",), mistake))
    return None if mistake else base


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file could have
        return False


def _doubled_rules(policy: Policy, parsed: Parsed) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            message = f"'{rule.name}' is already the name of rules[{seen[rule.name]}]"
            yield parsed.problem(("rules", index, "name"), message)
        seen.setdefault(rule.name, index)


def reasons_of(chain: Sequence[Loaded]) -> dict[str, list[Source]]:
    """Return the sources that are given for each rule, and for the engine; the heir's own come first.

    A base's source says nothing of a rule that its heir has replaced.
    """
    owner: dict[str, int] = {}
    for depth, loaded in enumerate(chain):
        for rule in loaded.policy.rules:
            owner.setdefault(rule.name, depth)
    reasons: dict[str, list[Source]] = {}
    for depth, loaded in enumerate(chain):
        for source in loaded.policy.sources:
            for name in source.for_:
                if depth <= owner.get(name, depth):
                    reasons.setdefault(name, []).append(source)
    return reasons


def at_rule(name: str, chain: Sequence[Loaded], message: str) -> Problem:
    for loaded in chain:
        for index, rule in enumerate(loaded.policy.rules):
            if rule.name == name:
                return loaded.parsed.problem(("rules", index), message)
    return chain[0].parsed.problem(("rules",) if name else (), message)
