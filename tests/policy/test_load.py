"""Files to policies, with every mistake in one go."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_policy import LoadError, load, load_paths

HEAD = "version: 1\nname: {name}\napplies_to: {{models: ['{name}*']}}\n"
RULE = "rules:\n  - {name: r, kind: reject, message: 'no'}\n"


def write(folder: Path, name: str, text: str = RULE, head: str = HEAD) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(head.format(name=name) + text)
    return file


def problems(*paths: str | Path) -> list[str]:
    with pytest.raises(LoadError) as caught:
        load_paths(list(paths))
    return str(caught.value).splitlines()


def test_no_path_means_the_shipped_library() -> None:
    assert {"deepseek-r1", "deepseek-r1-distill", "deepseek-r1-0528"} <= {p.name for p in load_paths([]).policies}


def test_a_shipped_name_is_as_good_as_a_path() -> None:
    assert load("deepseek-r1").name == "deepseek-r1"


def test_a_folder_gives_all_its_policies_and_no_hidden_file(tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b").rename(tmp_path / "b.yml")
    (tmp_path / ".hidden.yaml").write_text("not: [yaml")
    (tmp_path / "notes.txt").write_text("x")
    assert [policy.name for policy in load_paths([tmp_path]).policies] == ["a", "b"]


def test_the_same_file_given_twice_is_loaded_once(tmp_path: Path) -> None:
    file = write(tmp_path, "a")
    assert len(load_paths([file, tmp_path, str(file)]).policies) == 1


def test_every_mistake_of_every_file_is_reported_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "a", "rules:\n  - {name: r, kind: clmp}\nmod: audit\n")
    write(tmp_path, "b", "rules:\n  - name: r\n    kind: clamp\n    parameters:\n      top_p: {min: 2, max: 1}\n")
    assert problems(tmp_path) == [
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
def test_a_path_that_is_not_there(given: str, message: str) -> None:
    assert problems(given) == [message]


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    assert problems(tmp_path) == [f"{tmp_path}: holds no policy files (*.yaml, *.yml)"]


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to(tmp_path / "gone")
    assert problems(tmp_path) == [f"{tmp_path}/x.yaml: cannot be read: No such file or directory"]


def test_a_name_and_a_pattern_may_stand_once_only(tmp_path: Path) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b").write_text(HEAD.format(name="a").replace("a*", "A*") + RULE)
    assert problems(tmp_path) == [
        f"{tmp_path}/b.yaml:2:1: name: 'a' is already the name of {tmp_path}/a.yaml",
        f"{tmp_path}/b.yaml:3:23: applies_to.models[0]: 'A*' already belongs to {tmp_path}/a.yaml",
    ]


def test_a_rules_name_may_stand_once_only(tmp_path: Path) -> None:
    file = write(tmp_path, "a", RULE + "  - {name: r, kind: strip_reasoning}\n")
    assert problems(file) == [f"{file}:6:6: rules[1].name: 'r' is already the name of rules[0]"]


def test_a_source_for_a_rule_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    sources = "sources: [{url: 'https://example.org', date: 2025-01-01, says: x, for: [r, engine, four]}]\n"
    file = write(tmp_path, "a", sources + RULE)
    assert problems(file) == [f"{file}:4:84: sources[0].for[2]: no rule is named 'four'"]


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def _failing_disk(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # nothing can be read at its start


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.mkdir, "Is a directory"),
        (_pipe, "Is no regular file"),
        (_socket, "No such device or address"),
        (_loop, "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("none"), "No such file or directory"),
        (lambda path: path.symlink_to("/dev/zero"), "Is no regular file"),
        (_failing_disk, "Input/output error"),
    ],
)
def test_what_can_be_no_policy_file_is_told_and_not_waited_for(
    tmp_path: Path, make: Callable[[Path], object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    write(tmp_path, "a")
    make(Path("b.yaml"))
    assert problems(Path()) == [f"b.yaml: cannot be read: {why}"]


def test_a_path_that_the_system_refuses_is_a_mistake_like_any(tmp_path: Path) -> None:
    assert len(problems(tmp_path / ("x" * 300))) == 1


def test_what_a_shell_makes_of_a_commands_output_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, (HEAD.format(name="a") + RULE).encode())
    os.close(writing)
    with os.fdopen(reading):
        assert load(f"/dev/fd/{reading}").name == "a"


def test_a_folder_that_is_not_there_is_not_a_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "mine")
    assert "no such file, folder or shipped policy" in problems(tmp_path / "mine")[0]
