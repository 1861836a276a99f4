"""Long texts that repeat much and are nevertheless legitimate answers, and loops as models generate them."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

SUFFIXES: Final = frozenset([
    *(".py", ".pyi", ".js", ".mjs", ".ts", ".css", ".html", ".svg", ".xml", ".json", ".toml", ".yaml", ".yml", ".c"),
    *(".h", ".cpp", ".hpp", ".cu", ".sh", ".sql", ".md", ".rst", ".txt", ".tex", ".csv", ".po", ".patch", ".diff"),
    *(".ipynb", ".pem", ".cfg", ".ini", ".jinja"),
])  # fmt: skip
"""The names of text files end with one of these."""
MAX_FILE_BYTES: Final = 3_000_000
_WORDS: Final = (
    *("river", "stone", "lantern", "orbit", "copper", "meadow", "signal", "harbour", "violet", "engine", "winter"),
    *("garden", "marble", "thunder"),
)


def _build_sentence(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(5, 14))).capitalize() + "."


def _build_paragraph(rng: random.Random, sentences: int = 5) -> str:
    return " ".join(_build_sentence(rng) for _ in range(sentences))


def _build_table(rng: random.Random) -> str:
    rows = [f"| {name:<10} | {rng.choice(['yes', 'no']):<5} | {'-':>8} |" for name in rng.choices(_WORDS, k=120)]
    same = ["| total      | yes   |        0 |"] * 30
    return "\n".join(["| name       | valid |    count |", "|------------|-------|----------|", *rows, *same])


def _build_song(rng: random.Random) -> str:
    refrain = "\n".join(["Hey na na, hey na na na"] * 4 + [_build_sentence(rng) for _ in range(4)])
    verses = ["\n".join(_build_sentence(rng) for _ in range(6)) for _ in range(12)]
    return "\n\n".join(f"{verse}\n\n{refrain}" for verse in verses) + "\n\n" + "\n\n".join([refrain] * 4)


def _build_hex_dump(rng: random.Random) -> str:
    rows = [rng.randbytes(16) if row % 9 < 2 else bytes(16) for row in range(500)]
    return "\n".join(f"{16 * row:08x}  {data.hex(' ')}  |................|" for row, data in enumerate(rows))


def _build_constants(rng: random.Random) -> str:
    zeros = ",\n    ".join([", ".join(["0x00"] * 12)] * 40)
    others = ",\n    ".join(", ".join(f"0x{rng.randrange(256):02x}" for _ in range(12)) for _ in range(60))
    return f"static const uint8_t kTable[] = {{\n    {others},\n    {zeros},\n    {others}\n}};\n"


def _build_inserts(rng: random.Random) -> str:
    rows = [f"({number}, '{rng.choice(_WORDS)}', NULL, 0, '2024-01-01 00:00:00')" for number in range(300)]
    same = ["(NULL, NULL, NULL, 0, '2024-01-01 00:00:00')"] * 60
    return "INSERT INTO items VALUES\n" + ",\n".join(rows + same) + ";\n"


def _build_json_rows(rng: random.Random) -> str:
    rows: list[dict[str, Any]] = [{"id": number, "tags": [], "value": None} for number in range(100)]
    same: list[dict[str, Any]] = [{"tags": [], "value": None, "enabled": False}] * 60
    return json.dumps([*rows, *same, {"seed": rng.random()}], indent=2)


def _build_log(rng: random.Random) -> str:
    same = ["WARNING connection refused, retrying"] * 80
    return "\n".join([f"2024-05-01T12:{n // 60:02}:{n % 60:02} INFO {_build_sentence(rng)}" for n in range(300)] + same)


def _build_diff(rng: random.Random) -> str:
    hunks = []
    for number in range(60):
        lines = [f" {_build_sentence(rng)}", "-    pass", "+    return None", " ", *["+"] * 8, *["-"] * 8]
        hunks.append("\n".join([f"@@ -{number * 20},9 +{number * 20},9 @@", *lines]))
    return "--- a/module.py\n+++ b/module.py\n" + "\n".join(hunks)


def _build_minified(rng: random.Random) -> str:
    parts = [f"function {a}(e,t){{return e?t:{a}(t,e)}}" for a in rng.choices(_WORDS, k=200)]
    return "!function(){" + "".join(parts) + "void 0," * 150 + "}();"


def _build_svg(rng: random.Random) -> str:
    steps = "".join(f"l{rng.randrange(9)},{rng.randrange(9)}" for _ in range(900))
    grid = "".join(f'<rect x="{x}" y="{y}" width="8" height="8" fill="#eee"/>' for x in range(20) for y in range(20))
    return f'<svg><path d="M0,0{steps}{"h1v1" * 300}z"/>{grid}</svg>'


def _build_art(rng: random.Random) -> str:
    width = 60
    blank = ["#" + " " * (width - 2) + "#"] * 40
    stars = ["#" + "".join(rng.choices(" .*", k=width - 2)) + "#" for _ in range(20)]
    return "\n".join(["#" * width, *blank, *stars, *blank, "#" * width])


def _build_latex(rng: random.Random) -> str:
    rows = " \\\\\n".join(" & ".join(["0"] * 20) for _ in range(40))
    entries = " \\\\\n".join(" & ".join(str(rng.randrange(3)) for _ in range(20)) for _ in range(40))
    return f"\\begin{{pmatrix}}\n{rows}\n\\end{{pmatrix}}\n\\begin{{pmatrix}}\n{entries}\n\\end{{pmatrix}}"


def _build_lock_file(rng: random.Random) -> str:
    return "\n".join(
        f'[[package]]\nname = "{rng.choice(_WORDS)}"\nversion = "1.0.0"\n'
        f'source = "registry+https://example.org"\nchecksum = "{rng.randbytes(32).hex()}"\n'
        for _ in range(200)
    )


_BUILDERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "prose": lambda rng: "\n\n".join(_build_paragraph(rng) for _ in range(200)),
    "Markdown table": _build_table,
    "song with refrains": _build_song,
    "hex dump": _build_hex_dump,
    "table of constants": _build_constants,
    "SQL inserts": _build_inserts,
    "JSON array of equal rows": _build_json_rows,
    "CSV with equal rows": lambda rng: f"a,b,c\n{rng.random()},,\n" + "0,0,0\n" * 500,
    "log": _build_log,
    "unified diff": _build_diff,
    "minified JavaScript": _build_minified,
    "SVG": _build_svg,
    "ASCII art": _build_art,
    "LaTeX matrices": _build_latex,
    "lock file": _build_lock_file,
    "base64": lambda rng: base64.b64encode(rng.randbytes(9000) + bytes(2500) + rng.randbytes(9000)).decode(),
    "DNA": lambda rng: "".join(rng.choices("ACGT", k=9000)) + "CAG" * 400 + "A" * 600 + "TTAGGG" * 500,
    "horizontal rules": lambda rng: "\n\n".join(f"{_build_sentence(rng)}\n\n{'-' * 200}" for _ in range(100)),
    "underline of 3,000 characters": lambda rng: f"{_build_sentence(rng)}\n{'=' * 3000}\n",
    "one word 500 times": lambda _rng: "hello " * 500,
    "one line 100 times": lambda _rng: "I will not talk in class any more.\n" * 100,
    "one paragraph 5 times": lambda rng: (_build_paragraph(rng, 15) + "\n\n") * 5,
    "counting": lambda _rng: "\n".join(f"Step {number}: check the next item." for number in range(1000)),
    "test stubs": lambda _rng: "\n".join(f"def test_{n}() -> None:\n    pass\n\n" for n in range(300)),
}


def build_legitimate_texts(seed: int = 0) -> dict[str, str]:
    """Return generated texts that must not be taken for a loop, by name."""
    return {name: build(random.Random(f"{seed} {name}")) for name, build in _BUILDERS.items()}


def build_loops(seed: int = 0) -> dict[str, tuple[str, str]]:
    """Return loops by name: the text before a loop, and the text that is then repeated without end."""
    rng = random.Random(f"{seed} loops")
    before = _build_paragraph(rng, 12) + "\n\n"
    repeated = {
        "one character": "!",
        "line ends": "\n",
        "a token": " the",
        "Chinese tokens": "好的",
        "a line": _build_sentence(rng) + "\n",
        "a sentence": _build_sentence(rng) + " ",
        "a paragraph": _build_paragraph(rng) + "\n\n",
        "a function": "def run(self):\n    return self.value\n\n",
        "2,000 characters": "".join(rng.choices("abcdefgh \n", k=2000)),
    }
    return {name: (before, text) for name, text in repeated.items()}


def read_files(folders: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each text file below the folders, once for each content."""
    contents: set[int] = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
                continue
            data = path.read_bytes()
            if hash(data) in contents:
                continue
            contents.add(hash(data))
            try:
                yield path, data.decode()
            except UnicodeDecodeError:  # not a text
                continue
