"""Why a vLLM ended, from real logs and from messages that its sources hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.diagnosis import diagnose

LOGS = Path(__file__).with_name("vllm_logs")


def log(name: str) -> list[str]:
    return (LOGS / f"{name}.log").read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "status", "cause", "remedy", "line"),
    [
        ("awq", 1, "was not quantised with awq", "leave --quantization out", "Cannot find the config file for awq"),
        ("missing", 1, "is not on this machine", "download it first", "LocalEntryNotFoundError: Cannot find"),
        ("toolong", 1, "8192 is above the 2048 tokens", "ask for at most 2048", "greater than the derived"),
        ("badflag", 2, "does not know the option --no-such-flag", "spelling", "unrecognized arguments"),
        ("portused", 1, "the port is taken", "--port", "[Errno 98] Address already in use"),
        ("kvoom", 1, "a cache of 200.0 GiB does not fit", "VLLM_CPU_KVCACHE_SPACE", "ValueError: Available memory"),
    ],
)
def test_real_failures_have_a_cause_a_remedy_and_the_line_that_tells(
    name: str, status: int, cause: str, remedy: str, line: str
) -> None:
    found = diagnose(log(name), status)

    assert cause in found.cause
    assert remedy in found.remedy
    assert any(line in told for told in found.lines)
    assert len(found.lines) <= 5


@pytest.mark.parametrize("status", [-9, 137])
def test_a_kill_from_outside_is_most_likely_the_memory(status: int) -> None:
    assert "ran out of memory" in diagnose(["Loading weights"], status).cause


def test_an_unknown_failure_shows_the_first_error_and_not_what_other_processes_noticed() -> None:
    lines = [
        "(EngineCore pid=7) ERROR 11-23 17:01:58 [core.py:1] Traceback (most recent call last):",
        '(EngineCore pid=7) ERROR 11-23 17:01:58 [core.py:1]   File "x.py", line 3, in f',
        "(EngineCore pid=7) ERROR 11-23 17:01:58 [core.py:1] vllm.odd.OddError: the moon is full",
        *(f"line {number}" for number in range(500)),
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': 1}",
        "/x.py:254: UserWarning: resource_tracker: There appear to be leaked objects",
    ]

    found = diagnose(lines, 1)

    assert found.cause == "it ended with status 1"
    assert found.lines == ("vllm.odd.OddError: the moon is full",)


def test_what_pydantic_says_on_the_next_line_belongs_to_its_error() -> None:
    lines = [
        "pydantic_core.ValidationError: 1 validation error for VllmConfig",
        "  Value error, odd [type=value_error]",
    ]

    assert diagnose(lines, 1).lines == (" ".join([lines[0], lines[1].strip()]),)


def test_an_end_without_any_error_shows_the_last_lines() -> None:
    found = diagnose(log("ok"), 0)

    assert found.remedy == ""
    assert found.lines


def test_an_empty_log_is_fine() -> None:
    assert diagnose([], 3).cause == "it ended with status 3"


def test_it_is_told_with_the_remedy_the_lines_and_the_log() -> None:
    text = diagnose(log("portused"), 1).text("/a/vllm.log")

    assert text.splitlines() == [
        "vLLM did not start: the port is taken",
        "what to do: stop what listens there, or choose another with --port",
        "  | OSError: [Errno 98] Address already in use",
        "the whole log: /a/vllm.log",
    ]
    assert diagnose([], 1).text("x", was_ready=True).startswith("vLLM died: ")


def test_the_mistakes_of_a_policy_are_shown_with_their_places() -> None:
    lines = ["ERROR:    prompt-policy:", "a.yaml:3:1: rulez: unknown key", "ERROR:    Application startup failed."]

    assert diagnose(lines, 3).lines == tuple(lines)
