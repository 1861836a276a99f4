"""A policy with all that it extends."""

from __future__ import annotations

import os
import tracemalloc
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


THREE = """\
mode: audit
on_error: open
engine: {a: 1, b: 2}
rules:
  - {name: one, kind: reject, message: base}
  - {name: two, kind: reject, message: base}
  - {name: three, kind: reject, message: base}
sources: [{url: "https://example.org", date: 2025-01-01, says: x}]
"""


def test_an_heir_replaces_removes_and_adds(tmp_path: Path) -> None:
    write(tmp_path, "base", THREE)
    heir = write(
        tmp_path,
        "heir",
        "extends: base.yaml\nremove: [one]\nengine: {b: 3}\nrules:\n"
        "  - {name: four, kind: reject, message: own}\n  - {name: two, kind: reject, message: own}\n",
    )
    policy = load(heir)
    assert [(rule.name, rule.model_dump()["message"]) for rule in policy.rules] == [
        ("two", "own"), ("three", "base"), ("four", "own"),
    ]  # fmt: skip
    assert (policy.mode, policy.on_error, policy.engine) == ("audit", "open", {"a": 1, "b": 3})
    assert policy.sources == ()
    assert policy.applies_to is not None
    assert policy.applies_to.models == ("heir*",)


def test_what_an_heir_says_itself_wins(tmp_path: Path) -> None:
    write(tmp_path, "base", THREE)
    policy = load(write(tmp_path, "heir", "extends: base.yaml\nmode: enforce\n"))
    assert (policy.mode, policy.on_error) == ("enforce", "open")


def test_a_shipped_name_can_be_extended_from_anywhere(tmp_path: Path) -> None:
    assert load(write(tmp_path, "heir", "extends: deepseek-r1\n")).rules == load("deepseek-r1").rules


def test_a_file_below_the_same_folder_can_be_extended(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", "base")
    write(tmp_path, "heir", "extends: parts/base.yaml\n")
    assert [rule.name for rule in load_paths([tmp_path]).policies[0].rules] == ["r"]


def test_nothing_outside_the_folder_can_be_extended(tmp_path: Path) -> None:
    write(tmp_path, "outside")
    inside = tmp_path / "inside"
    inside.mkdir()
    for name in ("../outside.yaml", str(tmp_path / "outside.yaml")):
        heir = write(inside, "heir", f"extends: {name}\n")
        assert problems(heir) == [f"{heir}:4:1: extends: {name} is outside the policies' folder"]


def test_a_link_out_of_the_folder_cannot_be_extended(tmp_path: Path) -> None:
    write(tmp_path, "outside")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    heir = write(inside, "heir", "extends: link.yaml\n")
    assert problems(heir) == [f"{heir}:4:1: extends: link.yaml is outside the policies' folder"]


@pytest.mark.parametrize("name", ["gone.yaml", "../deepseek-r1", "deepseek-r2", "/etc/passwd", "."])
def test_what_cannot_be_extended_is_named(tmp_path: Path, name: str) -> None:
    heir = write(tmp_path, "heir", f"extends: {name}\n")
    [line] = problems(heir)
    assert line.startswith(f"{heir}:4:1: extends: ")


def test_a_circle_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, "a", "extends: b.yaml\n")
    write(tmp_path, "b", "extends: a.yaml\n")
    assert any("a circle" in line for line in problems(tmp_path))


def test_removing_what_is_not_inherited_is_a_mistake(tmp_path: Path) -> None:
    heir = write(tmp_path, "heir", "extends: deepseek-r1\nremove: [tidy-anser]\n")
    assert problems(heir) == [f"{heir}:5:10: remove[0]: no inherited rule 'tidy-anser' (did you mean 'tidy-answer'?)"]


def test_a_mistake_in_the_base_is_told_with_its_own_file(tmp_path: Path) -> None:
    base = write(tmp_path, "base", "rules: 3\n")
    heir = write(tmp_path, "heir", "extends: base.yaml\n")
    assert problems(heir) == [f"{base}:4:1: rules: expected a list, got 3"]


ORDER = """\
rules:
  - {name: tidy, kind: filter_whitespace}
  - {name: think, kind: force_opening, text: "<think>"}
"""


def test_a_whitespace_filter_before_what_restores_is_a_mistake(tmp_path: Path) -> None:
    file = write(tmp_path, "a", ORDER)
    message = "rules[0]: must stand after 'think', which puts text in front of the answer"
    assert problems(file) == [f"{file}:5:5: {message}"]


def test_a_whitespace_filter_before_what_does_not_restore_is_fine(tmp_path: Path) -> None:
    load(write(tmp_path, "a", ORDER.replace('"<think>"', '"<think>", restore: false')))


def test_a_policy_without_rules_is_a_mistake(tmp_path: Path) -> None:
    file = write(tmp_path, "a", "")
    assert problems(file) == [f"{file}:1:1: rules: is missing"]


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("{port: 8000}", "'port' is for whoever starts vLLM to say"),
        ("{api_key: x}", "'api_key' is for whoever"),
        ("{reasoning-parser: x}", "'reasoning-parser': vLLM's options are written with underscores"),
    ],
)
def test_an_engine_block_says_what_belongs_to_the_family_only(tmp_path: Path, engine: str, message: str) -> None:
    (problem,) = problems(write(tmp_path, "a", f"engine: {engine}\n{RULE}"))
    assert f"a.yaml:4:1: engine: {message}" in problem


@pytest.mark.parametrize("name", ["x" * 100_000, '"a\\0b"', "x/" * 3000, "/dev/zero", "/", "."])
def test_a_name_that_no_file_can_have_is_a_mistake(tmp_path: Path, name: str) -> None:
    (problem,) = problems(write(tmp_path, "a", f"extends: {name}\n"))
    assert "extends: no file or shipped policy" in problem


def test_only_who_loads_policies_can_name_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", None)
    write(tmp_path, "a", "extends: '-'\n")
    assert "no file or shipped policy '-'" in problems("a.yaml")[0]
    write(tmp_path, "base", RULE).rename("-")
    assert [rule.name for rule in load("a.yaml").rules] == ["r"]


def test_a_chain_has_an_end(tmp_path: Path) -> None:
    write(tmp_path, "p0", RULE)
    for number in range(1, 40):
        write(tmp_path, f"p{number}", f"extends: p{number - 1}.yaml\n")
    load(tmp_path / "p31.yaml")
    (problem,) = problems(tmp_path / "p32.yaml")
    assert "p1.yaml:4:1: extends: more than 32 files extend each other" in problem


def test_no_more_of_a_file_is_read_than_a_policy_may_have(tmp_path: Path) -> None:
    huge = write(tmp_path, "a", RULE)
    os.truncate(huge, 1 << 36)  # sparse: it takes no room
    tracemalloc.start()
    assert problems(huge) == [f"{huge}: is larger than 1 MiB"]
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
