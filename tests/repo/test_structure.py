"""Rules about the structure: the direction of imports, a test for each module, complete kinds."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "prompt_policy"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A module imports only from its own line and from earlier ones.
LAYERS = (
    {"errors", "language_codes"},
    {"yaml_model"},
    {"wire"},
    {"conditions"},
    {"kinds"},
    {"policy"},
    {"runtime"},
    {"testing"},
    {"litellm", "asgi", "httpx"},
    {"openai", "ray"},
    {"client"},
    {"net", "console"},
    {"launcher"},
    {"proxy", "probe"},
    {"authoring"},
    {"bench"},
    {"cli"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
HOST_LIBRARIES = {"litellm", "openai", "httpx", "httpx2", "starlette", "fastapi", "uvicorn", "typer", "rich"}
HOST_LIBRARIES |= {
    "aiohttp",
    "matplotlib",
    "math_verify",
    "numpy",
    "scipy",
    "gguf",
    "ml_dtypes",
    "safetensors",
    "tokenizers",
}


def find_layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def list_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    own = find_layer(path)
    if own == "__init__":
        return
    for name in list_imports(path):
        if name.startswith("prompt_policy."):
            assert RANK[name.split(".")[1]] <= RANK[own], f"{own} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if find_layer(path) in RANK and RANK[find_layer(path)] <= RANK["testing"]],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_the_core_imports_no_host_library(path: Path) -> None:
    assert not HOST_LIBRARIES & {name.split(".")[0] for name in list_imports(path)}


def has_code(path: Path) -> bool:
    body = ast.parse(path.read_text()).body
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in body)


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name != "__init__.py" and has_code(path)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_every_module_has_a_test_file(path: Path) -> None:
    inside = path.relative_to(PACKAGE)
    test = ROOT / "tests" / "unit" / inside.parent / f"test_{inside.name}"
    assert test.is_file(), f"{test} is missing"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_has_a_docstring(path: Path) -> None:
    if path.read_text():
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_every_kind_has_a_test_an_example_and_a_page() -> None:
    from prompt_policy.kinds import discover_kinds

    page = (ROOT / "docs" / "reference" / "kinds.md").read_text()
    for kind in discover_kinds():
        assert (ROOT / "tests" / "unit" / "kinds" / f"test_{kind}.py").is_file()
        assert (ROOT / "examples" / f"{kind}.yaml").is_file()
        assert f"## {kind}\n" in page


def test_import_prompt_policy_loads_no_host_library() -> None:
    code = "import sys, prompt_policy; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "prompt_policy" in loaded
    assert not HOST_LIBRARIES & set(loaded)


def test_repository_contains_no_path_of_a_machine() -> None:
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


def test_layers_do_not_overlap() -> None:
    assert all(not first & second for first, second in pairwise(LAYERS))
