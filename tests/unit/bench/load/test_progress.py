"""The progress of a run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from prompt_policy.bench.load.progress import MEASURING, ProgressDisplay, format_duration
from prompt_policy.bench.load.reader import RequestDone


class FakeClock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def complete(arm: str, failure: str | None = None) -> RequestDone:
    return RequestDone(arm, 10, 0.5, failure, "")


def test_a_file_gets_a_line_for_each_phase_and_tenth() -> None:
    out, clock = io.StringIO(), FakeClock()
    with ProgressDisplay({"off": 20, "on": 20}, Console(file=out), clock) as display:
        display.start_phase("warming up", 2)
        clock.now += 12
        display.advance(2)
        display.start_phase(MEASURING, 40)
        for number in range(40):
            clock.now += 1
            display.update(complete("off" if number % 2 else "on", "timeout" if number == 3 else None))
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["warming up: 2 requests", "warming up took 0:12; measuring: 40 requests"]
    assert lines[2] == "4 of 40 requests, 1 failed, about 0:36 left"
    assert lines[-1] == "40 of 40 requests, 1 failed"
    assert len(lines) == 12


def test_a_long_silence_is_broken_by_a_line() -> None:
    out, clock = io.StringIO(), FakeClock()
    with ProgressDisplay({"off": 100}, Console(file=out), clock) as display:
        display.start_phase("warming up", 8)
        clock.now += 29
        display.print_if_due()
        assert len(out.getvalue().splitlines()) == 1
        clock.now += 1
        display.print_if_due()
        display.advance()
        display.print_if_due()
        assert out.getvalue().splitlines()[1:] == ["warming up: 0 of 8 requests"]
        clock.now += 30
        display.print_if_due()
        assert out.getvalue().splitlines()[2:] == ["warming up: 1 of 8 requests"]
        display.start_phase("judging", 9, "answers")
        clock.now += 30
        display.print_if_due()
        assert out.getvalue().splitlines()[-1] == "judging: 0 of 9 answers"


def test_a_terminal_gets_the_phase_and_a_table() -> None:
    screen, clock = io.StringIO(), FakeClock()
    console = Console(file=screen, force_terminal=True, width=100)
    with ProgressDisplay({"off": 1, "on": 2}, console, clock) as display:
        display.start_phase("warming up", 4)
        console.print(display._build_table())
        assert "warming up" in screen.getvalue()
        display.start_phase(MEASURING, 3)
        clock.now += 60
        display.update(complete("off"))
        display.update(complete("on", "stream"))
        console.print(display._build_table())
    for words in ("measuring", "latency P50", "0.50 s", "2/3", "about 0:00 left"):
        assert words in screen.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (125, "2:05"), (3723, "1:02:03")])
def test_durations_are_formatted(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
