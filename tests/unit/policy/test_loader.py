"""Loading of policy files."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_policy import LoadError, load, load_paths
from tests.support.policy_files import HEAD, RULE, list_problems, write_policy_file


def test_no_path_loads_the_shipped_library() -> None:
    assert {"deepseek-r1", "deepseek-r1-distill", "deepseek-r1-0528"} <= {p.name for p in load_paths([]).policies}


def test_a_shipped_policy_is_loaded_by_name() -> None:
    assert load("deepseek-r1").name == "deepseek-r1"


def test_a_folder_is_loaded_without_hidden_files(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "a")
    write_policy_file(tmp_path, "b").rename(tmp_path / "b.yml")
    (tmp_path / ".hidden.yaml").write_text("not: [yaml")
    (tmp_path / "notes.txt").write_text("x")
    assert [policy.name for policy in load_paths([tmp_path]).policies] == ["a", "b"]


def test_a_file_named_twice_is_loaded_once(tmp_path: Path) -> None:
    file = write_policy_file(tmp_path, "a")
    assert len(load_paths([file, tmp_path, str(file)]).policies) == 1


def test_every_error_in_every_file_is_reported(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "a", "rules:\n  - {name: r, kind: clmp}\nmod: audit\n")
    write_policy_file(
        tmp_path, "b", "rules:\n  - name: r\n    kind: clamp\n    parameters:\n      top_p: {min: 2, max: 1}\n"
    )
    assert list_problems(tmp_path) == [
        f"{tmp_path}/a.yaml:5:15: rules[0].kind: unknown kind 'clmp' (did you mean 'clamp'?)",
        f"{tmp_path}/a.yaml:6:1: mod: unknown key 'mod' (did you mean 'mode'?)",
        f"{tmp_path}/b.yaml:8:7: rules[0].parameters.top_p: min 2 is greater than max 1",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere", "nowhere: no such file, folder or shipped policy"),
        ("deepseek-r", "deepseek-r: no such file, folder or shipped policy (did you mean 'deepseek-r1'?)"),
    ],
)
def test_a_missing_path_is_an_error(given: str, message: str) -> None:
    assert list_problems(given) == [message]


def test_a_folder_without_policies_is_an_error(tmp_path: Path) -> None:
    assert list_problems(tmp_path) == [f"{tmp_path}: contains no policy files; add one (*.yaml, *.yml)"]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to(tmp_path / "gone")
    assert list_problems(tmp_path) == [f"{tmp_path}/x.yaml: cannot be read: No such file or directory"]


def test_names_and_patterns_must_be_unique(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "a")
    write_policy_file(tmp_path, "b").write_text(HEAD.format(name="a").replace("a*", "A*") + RULE)
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    assert list_problems(tmp_path) == [
        f"{second}:2:1: name: 'a' is already the name of {first}; choose another name",
        f"{second}:3:23: applies_to.models[0]: 'A*' already belongs to {first}; remove it from one policy",
    ]


def test_rule_names_must_be_unique(tmp_path: Path) -> None:
    file = write_policy_file(tmp_path, "a", RULE + "  - {name: r, kind: strip_reasoning}\n")
    assert list_problems(file) == [
        f"{file}:6:6: rules[1].name: 'r' is already the name of rules[0]; choose another name"
    ]


def test_a_source_for_an_unknown_rule_is_an_error(tmp_path: Path) -> None:
    sources = "sources: [{url: 'https://example.org', read: 2025-01-01, says: x, for: [r, engine, four]}]\n"
    file = write_policy_file(tmp_path, "a", sources + RULE)
    assert list_problems(file) == [f"{file}:4:84: sources[0].for[2]: no rule is named 'four'"]


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _failing_disk(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # reading at its start fails


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "Is a directory"),
        (_pipe, "Not a regular file"),
        (_socket, "No such device or address"),
        (_loop, "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("none"), "No such file or directory"),
        (lambda path: path.symlink_to("/dev/zero"), "Not a regular file"),
        (_failing_disk, "Input/output error"),
    ],
)
def test_pipes_and_devices_are_rejected_at_once(
    tmp_path: Path, make: Callable[[Path], object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # because the path of a socket must be short
    write_policy_file(tmp_path, "a")
    make(Path("b.yaml"))
    assert list_problems(Path()) == [f"b.yaml: cannot be read: {reason}"]


def test_a_path_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    assert len(list_problems(tmp_path / ("x" * 300))) == 1


def test_process_substitution_of_a_shell_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, (HEAD.format(name="a") + RULE).encode())
    os.close(writing)
    with os.fdopen(reading):
        assert load(f"/dev/fd/{reading}").name == "a"


def test_a_missing_folder_does_not_match_a_file_without_suffix(tmp_path: Path) -> None:
    write_policy_file(tmp_path, "mine")
    assert "no such file, folder or shipped policy" in list_problems(tmp_path / "mine")[0]


def test_an_empty_path_is_an_error_and_not_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_policy_file(tmp_path, "a")
    monkeypatch.chdir(tmp_path)
    assert len(load_paths(["."]).policies) == 1
    for paths in ([""], [".", ""]):
        with pytest.raises(LoadError) as caught:
            load_paths(paths)
        assert str(caught.value) == "a path is empty; name a file, a folder or a shipped policy"


CLAMPS = (
    "rules:\n"
    "  - {name: a, kind: clamp, %s parameters: {temperature: {max: 0.5}}}\n"
    "  - {name: b, kind: clamp, %s parameters: {temperature: {min: 0.7}}}\n"
)


@pytest.mark.parametrize(
    ("one", "other", "contradicts"),
    [
        ("", "", True),
        ("when: {task: math},", "when: {task: math},", True),
        ("mode: audit,", "mode: audit,", True),
        ("mode: 'off',", "", False),
        ("", "mode: 'off',", False),
        ("", "mode: audit,", False),
        ("when: {task: math},", "when: {task: code},", False),
        ("when: {task: math},", "", False),
    ],
)
def test_rules_that_undo_each_other_do_not_load(tmp_path: Path, one: str, other: str, contradicts: bool) -> None:
    file = write_policy_file(tmp_path, "a", CLAMPS % (one, other))
    if contradicts:
        [problem] = list_problems(file)
        assert ": rules[1]: 'b' contradicts 'a': temperature is at most 0.5 before" in problem
    else:
        assert len(load(file).rules) == 2


def test_a_derived_rule_may_not_undo_an_inherited_one(tmp_path: Path) -> None:
    own, _colon, derived = (CLAMPS % ("", "")).partition("  - {name: b")
    write_policy_file(tmp_path, "base", own)
    file = write_policy_file(tmp_path, "own", "extends: base.yaml\nrules:\n  - {name: b" + derived)
    [problem] = list_problems(file)
    assert f"{file}:6:5: rules[0]: 'b' contradicts 'a'" in problem
    replaced = "extends: base.yaml\nrules:\n  - {name: a" + derived
    assert len(load(write_policy_file(tmp_path, "other", replaced)).rules) == 1


FULL = """version: 1
name: full
mode: audit
applies_to:
  models: x
  except: y
tasks:
  legal:
    any: [a]
    none: [b]
rules:
  - name: a
    kind: clamp
    when:
      task: legal
      language: zh
      stream: true
      parameters:
        temperature:
          gt: 1
        top_p: 1
      last_user:
        contains: a
      not:
        any:
          - tags: a
    mode: enforce
    may_skip: true
    parameters:
      temperature:
        min: 0
        max: 1
        default: 0.5
      top_p:
        value: 1
  - name: b
    kind: append_suffix
    text:
      en: A
      zh: B
    separator: x
    unless_contains: [a]
"""
ROOT = Path(__file__).parents[3]
TEXTS = [FULL, *(file.read_text() for file in sorted((ROOT / "examples").glob("*.yaml")))]
TEXTS += [(ROOT / "policies" / f"{name}.yaml").read_text() for name in ("deepseek-r1", "qwen3", "nemotron-3-nano")]


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_that_is_cut_off_behind_a_key_does_not_load(tmp_path: Path, text: str) -> None:
    text = text.partition("\ntests:")[0]
    file = tmp_path / "a.yaml"
    cuts = [cut.end() for cut in re.finditer(r"^[ -]*[\w.]+:(?=[ \n])", text, re.MULTILINE)]
    assert len(cuts) > 5
    for end in cuts:
        if "\nengine:\n" not in text[:end] or "\nrules:" in text[:end]:
            file.write_text(text[:end] + "\n")
            assert list_problems(file) != [], text[:end]
