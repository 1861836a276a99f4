"""Files to policies: every mistake in every file is reported in one go."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prompt_policy.errors import LoadError, Problem
from prompt_policy.kinds.filter_whitespace import FilterWhitespace
from prompt_policy.kinds.force_opening import ForceOpening
from prompt_policy.policy.advice import ENGINE, findings
from prompt_policy.policy.chain import STDIN, Loaded, Reading, at_rule, chain_of, reasons_of
from prompt_policy.policy.document import Policy, Source
from prompt_policy.policy.library import library_folder, policy_files, shipped_names
from prompt_policy.policy.mistakes import near
from prompt_policy.policy.select import PolicySet


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
    return load_single(path).policies[0]


def load_single(path: str | Path) -> PolicySet:
    """Load a set of one policy, as ``load`` does; it knows the policy's file."""
    loaded = load_paths([path])
    if (count := len(loaded.policies)) != 1:
        raise LoadError([Problem(str(path), 0, 0, "", f"holds {count} policies where one is wanted")])
    return loaded


def listed_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the policy files that some paths stand for at the moment; a path that is not there stands for none."""
    return [file for file, _root in _files(list(paths), Reading())]


def problem_at(path: Path, rule: str, message: str) -> Problem:
    """Return something to be said of a rule, with its place in the file, or in the one that it is inherited from."""
    chain = chain_of(path, path.parent, Reading())
    return at_rule(rule, chain, message) if chain else Problem(str(path), 0, 0, "", message)


def advice_on(policy: Policy, path: Path) -> list[Problem]:
    """Return what seems wrong in a policy that loads, with its places; see ``policy.advice``."""
    chain = chain_of(path, path.parent, Reading()) or []
    reasons = frozenset(reasons_of(chain))
    return [at_rule(found.rule, chain, found.message) for found in findings(policy, reasons)]


def provenance(path: Path) -> tuple[dict[str, str], dict[str, list[Source]]]:
    """Return, of a policy file that loads, the comment that it and each file it extends begins with, by policy
    name, and the sources for each rule and the engine; see ``reasons_of``."""
    chain = chain_of(path, path.parent, Reading()) or []
    return {loaded.policy.name: loaded.parsed.header for loaded in chain}, reasons_of(chain)


def _files(paths: Sequence[str | Path], reading: Reading) -> Iterator[tuple[Path, Path]]:
    """Yield each file once, with the root that its ``extends`` may not leave."""
    seen: set[str] = set()
    for given in paths:
        try:
            files, root = _found(given)
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
        else:
            message = "" if files else _nothing(given)
            for file in files:
                if (real := os.path.realpath(file)) not in seen:
                    seen.add(real)
                    yield file, root
        if message:
            reading.problems.append(Problem(str(given), 0, 0, "", message))


def _found(given: str | Path) -> tuple[list[Path], Path]:
    """Return the files that a path stands for, and their root."""
    path = Path(given)
    if path.is_dir():
        return policy_files(path), path
    if path.exists() or str(path) == STDIN:
        return [path], path.parent
    shipped = library_folder() / f"{given}.yaml"
    return ([shipped] if shipped.parent == library_folder() and shipped.is_file() else []), shipped.parent


def _nothing(given: str | Path) -> str:
    """Say of a path that stands for no files what is wrong with it."""
    if Path(given).is_dir():
        return "holds no policy files (*.yaml, *.yml)"
    return f"no such file, folder or shipped policy{near(str(given), shipped_names())}"


def _resolved(path: Path, root: Path, reading: Reading) -> Loaded | None:
    """Load one file with all that it extends, as one policy."""
    chain = chain_of(path, root, reading)
    if chain is None:
        return None
    policy = chain[-1].policy
    for heir in reversed(chain[:-1]):
        reading.problems += _heritage(heir, policy)
        policy = heir.policy.over(policy)
    reading.problems += _order(policy, chain)
    reading.problems += _reasons(policy, chain[0])
    return Loaded(policy, chain[0].parsed, path)


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
            yield at_rule(rule.name, chain, f"must stand after '{opening}', which puts text in front of the answer")


def _reasons(policy: Policy, loaded: Loaded) -> Iterator[Problem]:
    """Find sources that are the reason for a rule that is not there."""
    known = [ENGINE, *(rule.name for rule in policy.rules)]
    for index, source in enumerate(policy.sources):
        for place, name in enumerate(source.for_):
            if name not in known:
                message = f"no rule is named '{name}'{near(name, known)}"
                yield loaded.parsed.problem(("sources", index, "for", place), message)


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
