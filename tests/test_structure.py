"""Rules about the structure: the way down through the layers, a test for each module, kinds complete."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "prompt_policy"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A module imports only what stands in an earlier line, or in its own.
LAYERS = (
    {"errors", "yaml_model"},
    {"wire"},
    {"conditions"},
    {"decision"},
    {"kinds"},
    {"policy"},
    {"runtime"},
    {"testing"},
    {"litellm", "asgi", "httpx"},
    {"openai"},
    {"client"},
    {"output"},
    {"launcher"},
    {"proxy", "probe"},
    {"workshop"},
    {"bench"},
    {"cli"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# Wire defines values of its own, and reads nothing of the YAML models above it.
HOST_LIBRARIES = {"litellm", "openai", "httpx", "httpx2", "starlette", "fastapi", "uvicorn", "typer", "rich"}
HOST_LIBRARIES |= {"aiohttp", "matplotlib", "math_verify", "numpy", "scipy"}


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    own = layer(path)
    if own == "__init__":
        return
    for name in imported(path):
        if name.startswith("prompt_policy."):
            assert RANK[name.split(".")[1]] <= RANK[own], f"{own} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if layer(path) in RANK and RANK[layer(path)] <= RANK["testing"]],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_the_core_imports_no_host_library(path: Path) -> None:
    assert not HOST_LIBRARIES & {name.split(".")[0] for name in imported(path)}


def has_code(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in body)


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name != "__init__.py" and has_code(path)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_every_module_has_a_test_file(path: Path) -> None:
    inside = path.relative_to(PACKAGE)
    test = ROOT / "tests" / inside.parent / f"test_{inside.name}"
    assert test.is_file(), f"{test} is missing"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    if path.read_text():
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_every_kind_has_a_test_an_example_and_a_page() -> None:
    from prompt_policy.kinds import kinds

    page = (ROOT / "docs" / "kinds.md").read_text()
    for kind in kinds():
        assert (ROOT / "tests" / "kinds" / f"test_{kind}.py").is_file()
        assert (ROOT / "examples" / f"{kind}.yaml").is_file()
        assert f"## {kind}\n" in page


def test_import_prompt_policy_loads_no_host_library() -> None:
    code = "import sys, prompt_policy; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "prompt_policy" in loaded
    assert not HOST_LIBRARIES & set(loaded)


def test_the_project_holds_no_path_of_a_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    private = re.compile(r"/(?:root|home/\w+|work|opt)/\w")
    own = Path(__file__).relative_to(ROOT)
    for name in tracked:
        path = ROOT / name
        if path.is_file() and Path(name) != own:
            found = private.search(path.read_text(errors="replace"))
            assert found is None, f"{name}: {found.group() if found else ''}"


def test_files_are_short() -> None:
    long = {str(path.relative_to(ROOT)): lines for path in MODULES if (lines := path.read_text().count("\n")) > 250}
    assert long == {}


def test_layers_are_told_once() -> None:
    assert all(not first & second for first, second in pairwise(LAYERS))
