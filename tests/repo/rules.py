"""Checks of the repository as functions of a tree, so that a test can plant a violation in a small one."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

MAX_SIBLINGS: Final = 12
MAX_LINES: Final = 250
MAX_FUNCTION_LINES: Final = 40

# Names that several modules define on purpose: each is the same role in every one of them.
SHARED_NAMES: Final = frozenset({"main", "app", "log", "check", "find_problems"})
# Past participles that do not end in "ed", and words in "ed" that are not participles.
_PARTICIPLES: Final = frozenset(
    [
        "made",
        "given",
        "kept",
        "told",
        "said",
        "found",
        "sent",
        "held",
        "left",
        "begun",
        "drawn",
        "written",
        "known",
        "shown",
        "taken",
        "bent",
        "built",
        "lost",
        "met",
        "seen",
        "spent",
        "stood",
        "thought",
        "understood",
        "won",
        "worn",
        "chosen",
        "come",
        "gone",
        "done",
        "heard",
    ]
)
_NOT_PARTICIPLES: Final = frozenset({"feed", "need", "seed", "speed", "embed", "proceed", "exceed", "bed", "shed"})


def parse(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text())


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, at its top or inside its functions."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def upward_imports(package: Path, layers: Sequence[set[str]]) -> Iterator[str]:
    """Yield each import of a module from a layer above its own. ``layers`` go from the lowest to the highest."""
    rank = {name: level for level, names in enumerate(layers) for name in names}
    for path in sorted(package.rglob("*.py")):
        own = path.relative_to(package).parts[0].removesuffix(".py")
        for name in imported_modules(path) if own in rank else ():
            parts = name.split(".")
            if parts[0] == package.name and len(parts) > 1 and rank[parts[1]] > rank[own]:
                yield f"{path.relative_to(package)} imports {name}"


def import_circles(package: Path) -> Iterator[str]:
    """Yield each pair of modules of which one imports the other directly, or over others, and back."""
    edges: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        name = ".".join([package.name, *path.relative_to(package).with_suffix("").parts]).removesuffix(".__init__")
        edges[name] = set(_imported_names(path))
    edges = {name: {target for target in targets if target in edges} - {name} for name, targets in edges.items()}
    for name in sorted(edges):
        if name in _reachable(name, edges):
            yield name


def _imported_names(path: Path) -> Iterator[str]:
    for node in parse(path).body:  # imports inside functions run later and close no circle at import time
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _reachable(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting.extend(edges[name])
    return found


def crowded_folders(package: Path, allowed: Mapping[str, int]) -> Iterator[str]:
    """Yield each folder with more modules and sub-packages than ``MAX_SIBLINGS``, or than ``allowed`` for its name."""
    for folder in [package, *sorted(path for path in package.rglob("*") if path.is_dir())]:
        siblings = [
            child
            for child in folder.iterdir()
            if (child.suffix == ".py" and child.name != "__init__.py") or (child / "__init__.py").is_file()
        ]
        name = folder.relative_to(package).as_posix()
        if len(siblings) > allowed.get(name, MAX_SIBLINGS):
            yield f"{name}: {len(siblings)} siblings"


def modules_without_test(package: Path, tests: Path) -> Iterator[str]:
    """Yield each module with code that has no test module at the same place below ``tests``."""
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        body = parse(path).body
        has_code = any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in body)
        if path.name != "__init__.py" and has_code and not (tests / inside.parent / f"test_{inside.name}").is_file():
            yield f"{inside} has no test module"


# Code in backticks, addresses, tags (some have a name behind them), and names of rules or files with hyphens.
_NOT_PROSE: Final = re.compile(r"``[^`]*``|`[^`]*`|https?://\S+|<[^<>\s]+>\w*|\b\w+(?:-\w+){2,}")


class Definition(NamedTuple):
    """A public name that a module defines at its top level."""

    name: str
    kind: str
    place: str


def public_definitions(package: Path) -> Iterator[Definition]:
    """Yield the public classes, functions and constants of a package, ``__init__`` modules included."""
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).as_posix()
        for node in parse(path).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Definition(node.name, "function", place)
            elif isinstance(node, ast.ClassDef):
                yield Definition(node.name, "class", place)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield Definition(target.id, "constant", place)


def duplicate_names(package: Path, shared: frozenset[str] = SHARED_NAMES) -> Iterator[str]:
    """Yield each public name that two modules define. The verbs in ``cli/`` are named after what they call."""
    places: dict[str, set[str]] = defaultdict(set)
    for name, _kind, place in public_definitions(package):
        if not name.startswith("_") and name not in shared and not _is_command(place):
            places[name].add(place)
    for name, where in sorted(places.items()):
        if len(where) > 1:
            yield f"{name}: {', '.join(sorted(where))}"


def _is_command(place: str) -> bool:
    return place.startswith("cli/") or "/cli/" in place


def participle_functions(package: Path) -> Iterator[str]:
    """Yield each function whose name begins with a past participle; properties, which name data, are left out."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
                words = node.name.strip("_").split("_")
                if _is_participle(words[0]):
                    yield f"{path.relative_to(package)}:{node.lineno} {node.name}"


def _is_participle(word: str) -> bool:
    return word in _PARTICIPLES or (word.endswith("ed") and word not in _NOT_PARTICIPLES)


def long_modules(package: Path) -> Iterator[str]:
    """Yield each module over ``MAX_LINES`` lines and each function with a body over ``MAX_FUNCTION_LINES``."""
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if (lines := path.read_text().count("\n")) > MAX_LINES:
            yield f"{name}: {lines} lines"
        for node in ast.walk(parse(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if (length := _body_lines(node)) > MAX_FUNCTION_LINES:
                yield f"{name}:{node.lineno} {node.name}: {length} lines"


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body; its signature, and what is defined inside it, count by themselves."""
    first, *_ = function.body
    length = (function.end_lineno or 0) - first.lineno + 1
    for node in ast.walk(function):
        if node is not function and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length -= (node.end_lineno or 0) - node.lineno + 1
    return length


class BannedWord(NamedTuple):
    """A word that prose does not use, what to write instead, and a wider pattern in which it is fine."""

    pattern: re.Pattern[str]
    instead: str
    allowed: re.Pattern[str] | None


def banned_words(rows: Sequence[Mapping[str, Any]]) -> list[BannedWord]:
    """Compile the rows of ``vocabulary.yaml``."""
    return [
        BannedWord(
            re.compile(rf"\b(?:{row['pattern']})\b", re.I),
            row["instead"],
            re.compile(rf"\b(?:{row['except']})\b", re.I) if "except" in row else None,
        )
        for row in rows
    ]


def violations(text: str, words: Sequence[BannedWord]) -> Iterator[str]:
    """Yield each use of a banned word in a prose text, with what to write instead."""
    prose = _NOT_PROSE.sub(" ", text)
    for word in words:
        kept = word.allowed.sub(" ", prose) if word.allowed else prose
        for found in word.pattern.finditer(kept):
            yield f"{found.group()!r}: write {word.instead}"


def prose_of_module(path: Path) -> Iterator[tuple[int, str]]:
    """Yield a module's comments and each of its texts with a space (docstrings, messages, help), with their lines."""
    source = path.read_text()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type:", "# fmt:")):
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def prose_of_page(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a Markdown page that are not inside a fence."""
    fenced = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def prose_of_policy(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments of a policy file."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if (comment := re.search(r"(?:^|\s)#\s(.*)", line)) is not None:
            yield number, comment[1]
