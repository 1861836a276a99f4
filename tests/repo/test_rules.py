"""The repository keeps its rules, and each rule's check finds a violation that is planted in a small tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.repo import rules
from tests.repo.test_structure import LAYERS, PACKAGE, ROOT

VOCABULARY = rules.banned_words(yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text()))
# Kinds and the verbs of the command line are one file each; the root holds the hosts' public modules beside packages.
CROWDED = {"cli": 15, "kinds": 19, ".": 23}
PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if path.name not in ("CODE_OF_CONDUCT.md", "README.zh-CN.md")
]


def test_imports_go_one_way() -> None:
    assert list(rules.upward_imports(PACKAGE, LAYERS)) == []


def test_imports_have_no_circle() -> None:
    assert list(rules.import_circles(PACKAGE)) == []


def test_no_folder_is_crowded() -> None:
    assert list(rules.crowded_folders(PACKAGE, CROWDED)) == []


def test_every_module_has_a_test_module() -> None:
    assert list(rules.modules_without_test(PACKAGE, ROOT / "tests" / "unit")) == []


def test_public_names_are_defined_once() -> None:
    assert list(rules.duplicate_names(PACKAGE)) == []


def test_functions_are_not_named_by_participles() -> None:
    assert list(rules.participle_functions(PACKAGE)) == []


def test_modules_and_functions_are_short() -> None:
    assert list(rules.long_modules(PACKAGE)) == []


def used(places: list[Path], prose: Callable[[Path], Iterator[tuple[int, str]]]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {problem}"
        for path in places
        for line, text in prose(path)
        for problem in rules.violations(text, VOCABULARY)
    ]


@pytest.mark.parametrize("folder", ["src", "benchmarks", "docs"])
def test_prose_in_code_uses_the_vocabulary(folder: str) -> None:
    assert used(sorted((ROOT / folder).rglob("*.py")), rules.prose_of_module) == []


def test_pages_use_the_vocabulary() -> None:
    assert used(PAGES, rules.prose_of_page) == []


def test_policies_use_the_vocabulary() -> None:
    assert used(sorted((ROOT / "policies").glob("*.yaml")), rules.prose_of_policy) == []


def test_test_names_use_the_vocabulary() -> None:
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in rules.parse(path).body:
            name = getattr(node, "name", "")
            if name.startswith("test_"):
                found += [f"{path.name}: {p}" for p in rules.violations(name.replace("_", " "), VOCABULARY)]
    assert found == []


# Each check finds what is planted.


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package of two layers that keeps every rule."""
    root = tmp_path / "small"
    for name in ("low", "high"):
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").write_text('"""A layer."""\n')
    (root / "low" / "parts.py").write_text('"""Parts."""\n\n\ndef build_part() -> int:\n    return 1\n')
    (root / "high" / "whole.py").write_text(
        '"""Wholes."""\n\nfrom small.low.parts import build_part\n\n\ndef build_whole() -> int:\n'
        "    return build_part()\n"
    )
    for name in ("low/test_parts.py", "high/test_whole.py"):
        (tmp_path / "unit" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unit" / name).write_text("")
    return root


CHECKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "import direction": lambda p: rules.upward_imports(p, ({"low"}, {"high"})),
    "circles": rules.import_circles,
    "siblings": lambda p: rules.crowded_folders(p, {}),
    "test modules": lambda p: rules.modules_without_test(p, p.parent / "unit"),
    "unique names": rules.duplicate_names,
    "function names": rules.participle_functions,
    "length": rules.long_modules,
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_tree_that_keeps_the_rules_passes(package: Path, check: str) -> None:
    assert list(CHECKS[check](package)) == []


def plant_upward_import(package: Path) -> None:
    (package / "low" / "parts.py").write_text("from small.high.whole import build_whole\n")


def plant_siblings(package: Path) -> None:
    for number in range(rules.MAX_SIBLINGS + 1):
        (package / "low" / f"m{number}.py").write_text("")


def plant_module(package: Path) -> None:
    (package / "low" / "other.py").write_text("def build_other() -> int:\n    return 2\n")


def plant_twin(package: Path) -> None:
    (package / "high" / "twin.py").write_text("def build_part() -> int:\n    return 2\n")


def plant_participle(package: Path) -> None:
    (package / "low" / "parts.py").write_text("def written(path: str) -> str:\n    return path\n")


def plant_length(package: Path) -> None:
    (package / "low" / "parts.py").write_text("x = 1\n" * (rules.MAX_LINES + 1))


@pytest.mark.parametrize(
    ("check", "plant"),
    [
        ("import direction", plant_upward_import),
        ("circles", plant_upward_import),
        ("siblings", plant_siblings),
        ("test modules", plant_module),
        ("unique names", plant_twin),
        ("function names", plant_participle),
        ("length", plant_length),
    ],
)
def test_a_planted_violation_is_found(package: Path, check: str, plant: Callable[[Path], None]) -> None:
    plant(package)
    assert list(CHECKS[check](package)) != []


@pytest.mark.parametrize(
    ("prose", "text"),
    [
        (rules.prose_of_module, '"""Tell whether it holds."""\n'),
        (rules.prose_of_module, "x = 1  # mended later\n"),
        (rules.prose_of_module, 'raise ValueError("that is no number")\n'),
        (rules.prose_of_page, "An answer is held back.\n"),
        (rules.prose_of_policy, "name: x  # thoughts stay\n"),
    ],
)
def test_a_banned_word_is_found(tmp_path: Path, prose: Callable[[Path], Iterator[tuple[int, str]]], text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert [problem for _line, part in prose(path) for problem in rules.violations(part, VOCABULARY)] != []


@pytest.mark.parametrize(
    ("prose", "text"),
    [
        (rules.prose_of_module, '"""Report whether ``told`` holds; there is no other."""\n'),
        (rules.prose_of_page, "```\nhe told us\n```\n"),
        (rules.prose_of_page, "`may_skip` is no longer read\n"),
    ],
)
def test_code_and_fences_are_not_prose(
    tmp_path: Path, prose: Callable[[Path], Iterator[tuple[int, str]]], text: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert [problem for _line, part in prose(path) for problem in rules.violations(part, VOCABULARY)] == []
