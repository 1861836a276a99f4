"""Files to policies: every mistake in every file is reported in one go."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from prompt_policy.errors import LoadError, Problem
from prompt_policy.kinds.filter_whitespace import FilterWhitespace
from prompt_policy.kinds.force_opening import ForceOpening
from prompt_policy.policy.advice import ENGINE, findings
from prompt_policy.policy.document import Policy
from prompt_policy.policy.library import library_folder, policy_files
from prompt_policy.policy.mistakes import mistakes, near
from prompt_policy.policy.select import PolicySet
from prompt_policy.policy.stamp import Stamp, stamp_of
from prompt_policy.policy.yaml_text import Parsed, parse

STDIN: Final = "-"


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


def load_paths(paths: Iterable[str | Path]) -> PolicySet:
    """Load policy files, folders of them, and shipped names; with no path, the shipped library.

    Raise LoadError with every mistake found.
    """
    reading = Reading()
    files = list(_files(list(paths) or [library_folder()], reading))
    found = [loaded for path, root in files if (loaded := _resolved(path, root, reading)) is not None]
    reading.problems += _clashes(found)
    if reading.problems:
        raise LoadError(reading.problems)
    return PolicySet(
        (loaded.policy for loaded in found), {loaded.policy.name: loaded.path for loaded in found}, reading.stamps
    )


def load(path: str | Path) -> Policy:
    """Load one policy by file or shipped name. Raise LoadError with every mistake found."""
    policies = load_paths([path]).policies
    if len(policies) != 1:
        raise LoadError([Problem(str(path), 0, 0, "", f"holds {len(policies)} policies where one is wanted")])
    return policies[0]


def listed_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the policy files that some paths stand for at the moment; a path that is not there stands for none."""
    return [file for file, _root in _files(list(paths), Reading())]


def problem_at(path: Path, rule: str, message: str) -> Problem:
    """Return something to be said of a rule, with its place in the file, or in the one that it is inherited from."""
    chain = _chain(path, path.parent, Reading())
    return _at_rule(rule, chain, message) if chain else Problem(str(path), 0, 0, "", message)


def advice_on(policy: Policy, path: Path) -> list[Problem]:
    """Return what seems wrong in a policy that loads, with its places; see ``policy.advice``."""
    chain = _chain(path, path.parent, Reading()) or []
    owner: dict[str, int] = {}
    for depth, loaded in enumerate(chain):
        for rule in loaded.policy.rules:
            owner.setdefault(rule.name, depth)
    # A base's source says nothing of a rule that its heir has replaced.
    reasons = frozenset(
        name
        for depth, loaded in enumerate(chain)
        for source in loaded.policy.sources
        for name in source.for_
        if depth <= owner.get(name, depth)
    )
    return [_at_rule(found.rule, chain, found.message) for found in findings(policy, reasons)]


def _files(paths: Sequence[str | Path], reading: Reading) -> Iterator[tuple[Path, Path]]:
    """Yield each file once, with the root that its ``extends`` may not leave."""
    seen: set[Path] = set()
    for given in paths:
        path = Path(given)
        if path.is_dir():
            files, root = policy_files(path), path
            if not files:
                reading.problems.append(Problem(str(given), 0, 0, "", "holds no policy files (*.yaml, *.yml)"))
        elif path.exists() or str(path) == STDIN:
            files, root = [path], path.parent
        elif (shipped := library_folder() / f"{given}.yaml").is_file():
            files, root = [shipped], shipped.parent
        else:
            files, root = [], path
            reading.problems.append(
                Problem(
                    str(given), 0, 0, "", f"no such file, folder or shipped policy{near(str(given), shipped_names())}"
                )
            )
        for file in files:
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file, root


def shipped_names() -> list[str]:
    """Return the names of the shipped policies."""
    return [path.stem for path in policy_files(library_folder())]


def _resolved(path: Path, root: Path, reading: Reading) -> Loaded | None:
    """Load one file with all that it extends, as one policy."""
    chain = _chain(path, root, reading)
    if chain is None:
        return None
    policy = chain[-1].policy
    for heir in reversed(chain[:-1]):
        reading.problems += _heritage(heir, policy)
        policy = heir.policy.over(policy)
    reading.problems += _order(policy, chain)
    reading.problems += _reasons(policy, chain[0])
    return Loaded(policy, chain[0].parsed, path)


def _chain(path: Path, root: Path, reading: Reading) -> list[Loaded] | None:
    """Load one file, then what it extends, and so on; None where one of them cannot be used."""
    chain: list[Loaded] = []
    seen: set[Path] = set()
    wanted: Path | None = path
    while wanted is not None:
        seen.add(wanted.resolve())
        loaded = _read(wanted, reading)
        if loaded is None:
            return None
        chain.append(loaded)
        wanted = _base_of(loaded, root, seen, reading)
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
    return (_stdin(), "<stdin>") if str(path) == STDIN else (path.read_bytes(), str(path))


@cache
def _stdin() -> bytes:
    return sys.stdin.buffer.read()  # once: what was loaded may be asked about again


def _base_of(loaded: Loaded, root: Path, seen: set[Path], reading: Reading) -> Path | None:
    """Return the file that ``extends`` names: one below the same root, or a shipped one."""
    name = loaded.policy.extends
    if name is None:
        return None
    file, shipped = loaded.path.parent / name, library_folder() / f"{name}.yaml"
    if file.is_file():
        inside = any(file.resolve().is_relative_to(folder.resolve()) for folder in (root, library_folder()))
        mistake = "" if inside else f"{name} is outside the policies' folder"
        base = file
    elif shipped.resolve().parent == library_folder().resolve() and shipped.is_file():
        mistake, base = "", shipped
    else:
        mistake, base = f"no file or shipped policy '{name}'{near(name, shipped_names())}", file
    if not mistake and base.resolve() in seen:
        mistake = f"'{name}' extends this file again: a circle"
    if mistake:
        reading.problems.append(loaded.parsed.problem(("extends",), mistake))
    return None if mistake else base


def _doubled_rules(policy: Policy, parsed: Parsed) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            message = f"'{rule.name}' is already the name of rules[{seen[rule.name]}]"
            yield parsed.problem(("rules", index, "name"), message)
        seen.setdefault(rule.name, index)


def _heritage(heir: Loaded, base: Policy) -> Iterator[Problem]:
    known = [rule.name for rule in base.rules]
    for index, name in enumerate(heir.policy.remove):
        if name not in known:
            yield heir.parsed.problem(("remove", index), f"no inherited rule '{name}'{near(name, known)}")


def _order(policy: Policy, chain: Sequence[Loaded]) -> Iterator[Problem]:
    """Find whitespace filters that run before text is put in front of the answer."""
    restoring = [i for i, rule in enumerate(policy.rules) if isinstance(rule, ForceOpening) and rule.restores]
    for index, rule in enumerate(policy.rules):
        if isinstance(rule, FilterWhitespace) and any(other > index for other in restoring):
            opening = policy.rules[max(restoring)].name
            yield _at_rule(rule.name, chain, f"must stand after '{opening}', which puts text in front of the answer")


def _reasons(policy: Policy, loaded: Loaded) -> Iterator[Problem]:
    """Find sources that are the reason for a rule that is not there."""
    known = [ENGINE, *(rule.name for rule in policy.rules)]
    for index, source in enumerate(policy.sources):
        for place, name in enumerate(source.for_):
            if name not in known:
                message = f"no rule is named '{name}'{near(name, known)}"
                yield loaded.parsed.problem(("sources", index, "for", place), message)


def _at_rule(name: str, chain: Sequence[Loaded], message: str) -> Problem:
    for loaded in chain:
        for index, rule in enumerate(loaded.policy.rules):
            if rule.name == name:
                return loaded.parsed.problem(("rules", index), message)
    return chain[0].parsed.problem(("rules",) if name else (), message)


def _clashes(found: Sequence[Loaded]) -> Iterator[Problem]:
    """Find names and patterns that stand twice."""
    names: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for loaded in found:
        policy, parsed = loaded.policy, loaded.parsed
        if policy.name in names:
            yield parsed.problem(("name",), f"'{policy.name}' is already the name of {names[policy.name]}")
        names.setdefault(policy.name, parsed.file)
        for index, pattern in enumerate(policy.applies_to.models if policy.applies_to else ()):
            key = pattern.casefold()
            if key in patterns:
                message = f"'{pattern}' already belongs to {patterns[key]}"
                yield parsed.problem(("applies_to", "models", index), message)
            patterns.setdefault(key, parsed.file)
