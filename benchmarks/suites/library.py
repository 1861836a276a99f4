"""The cost of a library's size: loading it, selecting by a model's name, and watching its files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.bodies import POLICY
from benchmarks.figures import Figure
from benchmarks.library_child import Times
from benchmarks.servers.processes import ROOT
from prompt_policy import load_paths

MANY: Final = 1_000
MAX_FIRST_MS: Final = 15
MAX_NEW_MS: Final = 1
MAX_WATCH_PERCENT: Final = 1
_PATTERN: Final = '"*DeepSeek-R1-Distill-*"'


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the figures of one policy, the shipped ones, and a thousand files, each in separate processes."""
    number = 4 if quick else 10
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_policies(folder, MANY)
        shipped = len(load_paths([]).policies)
        libraries: dict[int, list[str]] = {1: [POLICY], shipped: [], MANY: [str(folder)]}
        times = {size: [_run_child("select", *paths) for _ in range(number)] for size, paths in libraries.items()}
        for size, rows in times.items():
            yield from _select(size, rows)
        known = [many["known"] / single["known"] for many, single in zip(times[MANY], times[1], strict=True)]
        yield Figure.of(f"a known name, {MANY:,} policies / 1 policy", known)
        more = [1e3 * (every["load"] - single["load"]) for every, single in zip(times[shipped], times[1], strict=True)]
        yield Figure.of(f"loading the {shipped} shipped policies, more than 1 policy", more, "ms", at_most=150)
        shares = [100 * share for share in _run_child("watch", str(folder), "2" if quick else "8")]
        name = f"watching {MANY:,} files, share of a core"
        yield Figure.of(name, shares, "%", at_most=MAX_WATCH_PERCENT)


def write_policies(folder: Path, number: int) -> None:
    """Write the shipped R1 policy without its cases, and copies under other names, ``number`` files in all."""
    text = (ROOT / "policies" / f"{POLICY}.yaml").read_text(encoding="utf-8").partition("\ntests:\n")[0] + "\n"
    (folder / f"{POLICY}.yaml").write_text(text, encoding="utf-8")
    for place in range(number - 1):
        name = f"other-{place}"
        copy = text.replace(f"\nname: {POLICY}\n", f"\nname: {name}\n").replace(_PATTERN, f'"*{name}-*"')
        copy = copy.replace('"deepseek-r1:', f'"{name}:')
        (folder / f"{name}.yaml").write_text(copy, encoding="utf-8")


def _select(size: int, rows: list[Times]) -> Iterator[Figure]:
    policies = "1 policy" if size == 1 else f"{size:,} policies"
    yield Figure.of(f"load and compile {policies}", [1e3 * row["load"] for row in rows], "ms")
    firsts = [1e3 * row["first"] for row in rows]
    yield Figure.of(f"- the first selection, {policies}", firsts, "ms", at_most=MAX_FIRST_MS)
    new = [1e3 * row["new"] for row in rows]
    yield Figure.of(f"- each new name, {policies}", new, "ms", at_most=MAX_NEW_MS)


def _run_child(*arguments: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.library_child", *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
