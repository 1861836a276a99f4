"""Files to policies, with every mistake in one go."""

from __future__ import annotations

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


def test_a_source_for_a_rule_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    sources = "sources: [{url: 'https://example.org', date: 2025-01-01, says: x, for: [r, engine, four]}]\n"
    file = write(tmp_path, "a", sources + RULE)
    assert problems(file) == [f"{file}:4:84: sources[0].for[2]: no rule is named 'four'"]
