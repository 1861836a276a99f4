"""Load one policy file with all files that it extends, as a chain of files."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from prompt_policy.errors import Problem, did_you_mean
from prompt_policy.policy.fingerprint import Fingerprint, fingerprint
from prompt_policy.policy.library import library_folder, list_shipped_names
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source import Source
from prompt_policy.policy.source_map import ParsedYaml, RulePosition, SourceMap
from prompt_policy.policy.validation_errors import merge_key_problems, problems_from
from prompt_policy.policy.yaml_parser import MAX_FILE_BYTES, parse_yaml

STDIN: Final = "-"
_TEXT_KEYS: Final = frozenset({"text", "instruction", "separator", "open", "close", "contains", "unless_contains"})
"""The keys of rules that contain a text for the model, or from it."""
_MAX_CHAIN_FILES: Final = 32
"""Files in a chain: each file of a folder is loaded with its whole chain."""


@dataclass(frozen=True)
class LoadedFile:
    """A policy, its parsed YAML, and the path of its file."""

    policy: Policy
    parsed: ParsedYaml
    path: Path


@dataclass
class LoadReport:
    """Every error found while files are loaded, and the fingerprint of each file."""

    problems: list[Problem] = field(default_factory=list)
    fingerprints: dict[Path, Fingerprint | None] = field(default_factory=dict)


def load_chain(path: Path, root: Path, report: LoadReport) -> list[LoadedFile] | None:
    """Load a file, then the file that it extends, and so on; return None if one of them cannot be used.

    Arguments:
        path: the file.
        root: the folder that ``extends`` may not leave, except for a shipped policy.
        report: receives the errors and fingerprints.
    """
    chain: list[LoadedFile] = []
    seen: set[Path] = set()
    wanted: Path | None = path
    while wanted is not None:
        loaded = _load_file(wanted, report)
        if loaded is None:
            return None
        seen.add(wanted.resolve())
        chain.append(loaded)
        wanted = _find_base(loaded, root, seen, report)
        if wanted is not None and len(chain) == _MAX_CHAIN_FILES:
            message = f"more than {_MAX_CHAIN_FILES} files extend each other; shorten the chain"
            report.problems.append(loaded.parsed.problem(("extends",), message))
            return None
        if wanted is None and loaded.policy.extends is not None:
            return None
    return chain


def _load_file(path: Path, report: LoadReport) -> LoadedFile | None:
    """Read and validate one file on its own."""
    try:
        report.fingerprints[path] = fingerprint(path)  # before the file is read, so that no later change is missed
        parsed = parse_yaml(*_read_text(path))
    except OSError as error:
        report.problems.append(Problem(str(path), 0, 0, "", f"cannot be read: {error.strerror}"))
        return None
    report.problems += [*parsed.problems, *merge_key_problems(parsed)]
    if parsed.data is None:
        return None
    try:
        policy = Policy.model_validate(parsed.data)
    except ValidationError as error:
        known = {problem.path for problem in parsed.problems}
        report.problems += (found for found in problems_from(error, parsed, Policy) if found.path not in known)
        return None
    if policy.extends is None and "rules" not in policy.model_fields_set:
        report.problems.append(parsed.problem(("rules",), "is missing; add it, or `extends`"))
    report.problems += _find_duplicate_rules(policy, parsed)
    return LoadedFile(policy, parsed, path)


def _read_text(path: Path) -> tuple[bytes, str]:
    return (_read_stdin(), "<stdin>") if str(path) == STDIN else (_read_bytes(path), str(path))


def _read_bytes(path: Path) -> bytes:
    """Read a file, up to one byte more than the maximum size.

    Pipes and devices are rejected: reading them might never end, and hot reload would wait for it. Those below /dev
    are read, because a user must have named them: a shell passes ``<(command)`` as /dev/fd/63.
    """
    is_device = path.is_relative_to("/dev")
    descriptor = os.open(path, os.O_RDONLY | (0 if is_device else getattr(os, "O_NONBLOCK", 0)))
    with os.fdopen(descriptor, "rb") as file:
        if not is_device and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        return file.read(MAX_FILE_BYTES + 1)


@cache
def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)  # once: standard input cannot be read again


def _find_base(loaded: LoadedFile, root: Path, seen: set[Path], report: LoadReport) -> Path | None:
    """Return the file that ``extends`` names: one below the same root, or a shipped one."""
    name = loaded.policy.extends
    if name is None:
        return None
    file, shipped = loaded.path.parent / name, library_folder() / f"{name}.yaml"
    if str(file) == STDIN:
        file = file.absolute()  # a file of that name: only the caller of the loader may name standard input
    if _is_file(file):
        inside = any(file.resolve().is_relative_to(folder.resolve()) for folder in (root, library_folder()))
        message = "" if inside else f"'{name}' is outside the policies' folder; move it inside"
        base = file
    elif _is_file(shipped) and shipped.resolve().parent == library_folder().resolve():
        message, base = "", shipped
    else:
        message, base = f"no file or shipped policy '{name}'{did_you_mean(name, list_shipped_names())}", file
    if not message and base.resolve() in seen:
        message = f"'{name}' extends this file again; break the cycle"
    if message:
        report.problems.append(loaded.parsed.problem(("extends",), message))
    return None if message else base


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # not a valid file name
        return False


def _find_duplicate_rules(policy: Policy, parsed: ParsedYaml) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            message = f"'{rule.name}' is already the name of rules[{seen[rule.name]}]; choose another name"
            yield parsed.problem(("rules", index, "name"), message)
        seen.setdefault(rule.name, index)


def build_source_map(chain: Sequence[LoadedFile]) -> SourceMap:
    """Return the source map of the policy that a chain of files amounts to."""
    first = chain[0].parsed
    rules: dict[str, RulePosition] = {}
    for loaded in chain:
        for index, rule in enumerate(loaded.policy.rules):
            line, column = loaded.parsed.position(("rules", index))
            rules.setdefault(rule.name, RulePosition(loaded.parsed.file, line, column, index))
    escapes = [found for loaded in chain for found in _find_escapes(loaded, rules)]
    comments = {loaded.policy.name: loaded.parsed.comment for loaded in chain}
    own_sources = [first.position(("sources", index)) for index in range(len(chain[0].policy.sources))]
    return SourceMap(first.file, first.position(()), rules, comments, _sources_by_rule(chain), escapes, own_sources)


def _find_escapes(loaded: LoadedFile, rules: Mapping[str, RulePosition]) -> Iterator[tuple[str, Problem]]:
    """Find texts in which YAML does not interpret an escape sequence, in the rules that no other file replaces.

    Patterns are excluded, because they have escape sequences of their own.
    """
    for loc in loaded.parsed.escapes:
        if loc[0] != "rules" or _TEXT_KEYS.isdisjoint(loc):
            continue
        rule = loaded.policy.rules[int(loc[1])].name
        if (rules[rule].file, rules[rule].number) == (loaded.parsed.file, loc[1]):
            message = "contains a backslash and a letter instead of a control character; use double quotes"
            yield rule, loaded.parsed.problem(loc, message)


def _sources_by_rule(chain: Sequence[LoadedFile]) -> dict[str, list[Source]]:
    """Return the sources for each rule, and for the engine options; the derived policy's own sources come first.

    A source in a base does not count for a rule that a derived policy has replaced.
    """
    owner: dict[str, int] = {}
    for depth, loaded in enumerate(chain):
        for rule in loaded.policy.rules:
            owner.setdefault(rule.name, depth)
    sources: dict[str, list[Source]] = {}
    for depth, loaded in enumerate(chain):
        for source in loaded.policy.sources:
            for name in source.for_:
                if depth <= owner.get(name, depth):
                    sources.setdefault(name, []).append(source)
    return sources
