"""Load policies from files, and report every error in every file at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from prompt_policy.errors import LoadError, Problem, did_you_mean
from prompt_policy.policy.inheritance import STDIN, LoadedFile, LoadReport, build_source_map, load_chain
from prompt_policy.policy.library import library_folder, list_policy_files, list_shipped_names
from prompt_policy.policy.lint import ENGINE
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.policy.source_map import ParsedYaml, SourceMap


def load_paths(paths: Iterable[str | Path]) -> PolicySet:
    """Load policy files, folders of them, and shipped policies by name.

    Arguments:
        paths: files, folders and names; ``-`` is standard input. Default: the shipped library.

    Raise LoadError with every error found.
    """
    report = LoadReport()
    files = list(_find_files(list(paths) or [library_folder()], report))
    found = [resolved for path, root in files if (resolved := _resolve(path, root, report)) is not None]
    report.problems += _find_duplicates(found)
    if report.problems:
        raise LoadError(report.problems)
    return PolicySet(
        (resolved.policy for resolved in found),
        {resolved.policy.name: resolved.path for resolved in found},
        report.fingerprints,
        {resolved.policy.name: resolved.source_map for resolved in found},
    )


def load(path: str | Path) -> Policy:
    """Load one policy from a file, or a shipped policy by name. Raise LoadError with every error found."""
    return load_single(path).policies[0]


def load_single(path: str | Path) -> PolicySet:
    """Load one policy as ``load`` does; return it as a set, which also holds its file and source map."""
    loaded = load_paths([path])
    if (count := len(loaded.policies)) != 1:
        raise LoadError([Problem(str(path), 0, 0, "", f"contains {count} policies instead of one; name one file")])
    return loaded


def list_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the policy files that ``load_paths`` would load now; a path that does not exist adds none."""
    return [file for file, _root in _find_files(list(paths), LoadReport())]


def _find_files(paths: Sequence[str | Path], report: LoadReport) -> Iterator[tuple[Path, Path]]:
    """Yield each file once, with the root folder that its ``extends`` may not leave."""
    seen: set[str] = set()
    folders: dict[str, str] = {}
    for given in paths:
        if not str(given):  # of an unset variable; the working folder is "."
            report.problems.append(Problem("", 0, 0, "", "a path is empty; name a file, a folder or a shipped policy"))
            continue
        try:
            files, root = _expand_path(given)
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
        else:
            message = "" if files else _explain_no_files(given)
            for file in files:
                if (real := _real_path(file, folders)) not in seen:
                    seen.add(real)
                    yield file, root
        if message:
            report.problems.append(Problem(str(given), 0, 0, "", message))


def _real_path(file: Path, folders: dict[str, str]) -> str:
    """Return a file's path with symbolic links resolved. ``folders`` caches the resolved folders."""
    if file.is_symlink():
        return os.path.realpath(file)
    folder, name = os.path.split(file)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.join(folders[folder], name)  # noqa: PTH118 - a Path takes five times as long


def _expand_path(given: str | Path) -> tuple[list[Path], Path]:
    """Return the policy files at a path or of a shipped name, and their root folder."""
    path = Path(given)
    if path.is_dir():
        return list_policy_files(path), path
    if path.exists() or str(path) == STDIN:
        return [path], path.parent
    shipped = library_folder() / f"{given}.yaml"
    return ([shipped] if shipped.parent == library_folder() and shipped.is_file() else []), shipped.parent


def _explain_no_files(given: str | Path) -> str:
    """Return why a path yields no policy files."""
    if Path(given).is_dir():
        return "contains no policy files; add one (*.yaml, *.yml)"
    return f"no such file, folder or shipped policy{did_you_mean(str(given), list_shipped_names())}"


class _Resolved(NamedTuple):
    """A policy merged with all that it extends, and the parsed YAML of its own file."""

    policy: Policy
    path: Path
    parsed: ParsedYaml
    source_map: SourceMap


def _resolve(path: Path, root: Path, report: LoadReport) -> _Resolved | None:
    """Load a file with all files that it extends, and merge them into one policy."""
    chain = load_chain(path, root, report)
    if chain is None:
        return None
    policy = chain[-1].policy
    for derived in reversed(chain[:-1]):
        report.problems += _check_removals(derived, policy)
        policy = derived.policy.inherit_from(policy)
    source_map = build_source_map(chain)
    report.problems += _check_rule_order(policy, source_map)
    report.problems += _check_conflicts(policy, source_map)
    report.problems += _check_source_targets(policy, chain[0])
    return _Resolved(policy, path, chain[0].parsed, source_map)


def _check_removals(derived: LoadedFile, base: Policy) -> Iterator[Problem]:
    known = [rule.name for rule in base.rules]
    for index, name in enumerate(derived.policy.remove):
        if name not in known:
            message = f"no inherited rule is named '{name}'{did_you_mean(name, known)}"
            yield derived.parsed.problem(("remove", index), message)


def _check_rule_order(policy: Policy, source_map: SourceMap) -> Iterator[Problem]:
    """Find rules that run before a rule that has to run first."""
    for index, rule in enumerate(policy.rules):
        for other in reversed(policy.rules[index + 1 :]):
            if (reason := other.must_precede(rule)) is not None:
                message = f"'{rule.name}' runs before '{other.name}', which {reason}; move it after '{other.name}'"
                yield source_map.problem_at(rule.name, message)
                break


def _check_conflicts(policy: Policy, source_map: SourceMap) -> Iterator[Problem]:
    """Find rules that undo an earlier rule whenever that one acts."""
    for index, rule in enumerate(policy.rules):
        mode = rule.mode or policy.mode
        for earlier in policy.rules[:index] if mode != "off" else ():
            if earlier.when == rule.when and (earlier.mode or policy.mode) == mode:
                for conflict in rule.find_conflicts(earlier):
                    message = f"'{rule.name}' contradicts '{earlier.name}': {conflict}; change one of them"
                    yield source_map.problem_at(rule.name, message)


def _check_source_targets(policy: Policy, loaded: LoadedFile) -> Iterator[Problem]:
    """Find names under a source's ``for`` that are not rules of the policy."""
    known = [ENGINE, *(rule.name for rule in policy.rules)]
    for index, source in enumerate(policy.sources):
        for position, name in enumerate(source.for_):
            if name not in known:
                message = f"no rule is named '{name}'{did_you_mean(name, known)}"
                yield loaded.parsed.problem(("sources", index, "for", position), message)


def _find_duplicates(found: Sequence[_Resolved]) -> Iterator[Problem]:
    """Find policy names and model patterns that several policies share."""
    names: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for policy, _path, parsed, _source_map in found:
        if policy.name in names:
            message = f"'{policy.name}' is already the name of {names[policy.name]}; choose another name"
            yield parsed.problem(("name",), message)
        names.setdefault(policy.name, parsed.file)
        for index, pattern in enumerate(policy.applies_to.models if policy.applies_to else ()):
            key = pattern.casefold()
            if key in patterns:
                message = f"'{pattern}' already belongs to {patterns[key]}; remove it from one policy"
                yield parsed.problem(("applies_to", "models", index), message)
            patterns.setdefault(key, parsed.file)
