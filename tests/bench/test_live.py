"""Figures while a run goes on."""

from __future__ import annotations

import io

from rich.console import Console

from prompt_policy.bench.live import Live
from prompt_policy.bench.reader import Event


def test_a_file_gets_ten_lines_and_a_terminal_a_table() -> None:
    out = io.StringIO()
    with Live(("off", "on"), 40, Console(file=out)) as live:
        for number in range(40):
            live.watch(Event("off" if number % 2 else "on", 10, 0.5, "timeout" if number == 3 else None, ""))
    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1] == "40 of 40 requests, 1 failed"

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with Live(("off", "on"), 2, console) as live:
        live.watch(Event("off", 10, 0.5, None, ""))
        live.watch(Event("on", 12, 0.7, "stream", "gone"))
        console.print(live._table())
    for words in ("latency P50", "0.50 s", "2/2"):
        assert words in screen.getvalue()
