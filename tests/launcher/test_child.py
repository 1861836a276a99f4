"""Child processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from prompt_policy.launcher.child import Child


def _await_end(child: Child) -> None:
    while child.status() is None:
        time.sleep(0.01)


def _child(program: str, folder: Path, said: list[str]) -> Child:
    command = [sys.executable, "-c", program]
    return Child("it", command, environment=os.environ, folder=folder, on_line=said.append)


def test_what_it_says_is_handed_on_and_kept(tmp_path: Path) -> None:
    said: list[str] = []

    with _child(
        "import os; print('one'); print(); os.write(1, b'\\xff two\\n'); raise SystemExit('three')", tmp_path, said
    ) as it:
        _await_end(it)
        words = it.last_words()

    assert it.status() == 1
    assert sorted(said) == ["one", "three", "� two"]
    assert words == "\n".join(["it last said:", *said])


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    with _child("print('\\n'.join(map(str, range(1000))))", tmp_path, []) as it:
        _await_end(it)

    assert it.last_words().splitlines()[1:] == [str(number) for number in range(960, 1000)]


def test_it_is_stopped_on_the_way_out(tmp_path: Path) -> None:
    with _child("import time; time.sleep(600)", tmp_path, []) as it:
        assert it.status() is None

    assert it.status() is not None
    assert it.last_words() == "it said nothing"
