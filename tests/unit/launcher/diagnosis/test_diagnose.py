"""Diagnoses of recorded logs, and of messages from vLLM's sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.diagnosis.diagnose import diagnose

LOGS = Path(__file__).parents[3] / "support" / "vllm_logs"


def log(name: str) -> list[str]:
    return (LOGS / f"{name}.log").read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "status", "cause", "remedy", "line"),
    [
        ("awq", 1, "was not quantised with awq", "omit --quantization", "Cannot find the config file for awq"),
        ("missing", 1, "is not on this machine", "download it first", "LocalEntryNotFoundError: Cannot find"),
        ("toolong", 1, "8192 exceeds the checkpoint's 2048 tokens", "lower it to 2048", "greater than the derived"),
        ("badflag", 2, "does not know the option --no-such-flag", "spelling", "unrecognized arguments"),
        ("templatefile", 1, "--chat-template does not exist: no.jinja", "check its path", "appears path-like"),
        ("middleware", 1, "environment has no module no", "install it beside vLLM", "No module named 'no'"),
        ("sizes", 1, "the sizes in config.json contradict", "the same revision", "size of tensor a (640)"),
        ("lfsweights", 1, "a weight file is damaged", "download the checkpoint again", "header too large"),
        ("portused", 1, "the port is in use", "--port", "[Errno 98] Address already in use"),
        ("kvoom", 1, "a cache of 200.0 GiB does not fit", "VLLM_CPU_KVCACHE_SPACE", "ValueError: Available memory"),
    ],
)
def test_recorded_failures_have_cause_remedy_and_log_line(
    name: str, status: int, cause: str, remedy: str, line: str
) -> None:
    diagnosis = diagnose(log(name), status)

    assert cause in diagnosis.cause
    assert remedy in diagnosis.remedy
    assert any(line in shown for shown in diagnosis.lines)
    assert len(diagnosis.lines) <= 5


@pytest.mark.parametrize("status", [-9, 137])
def test_sigkill_is_diagnosed_as_out_of_memory(status: int) -> None:
    assert "ran out of memory" in diagnose(["Loading weights"], status).cause


def test_an_unknown_failure_shows_its_first_error_only() -> None:
    lines = [
        "(EngineCore pid=7) ERROR 11-23 17:01:58 [core.py:1] Traceback (most recent call last):",
        '(EngineCore pid=7) ERROR 11-23 17:01:58 [core.py:1]   File "x.py", line 3, in f',
        "(EngineCore pid=7) ERROR 11-23 17:01:58 [core.py:1] vllm.odd.OddError: the moon is full",
        *(f"line {number}" for number in range(500)),
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': 1}",
        "/x.py:254: UserWarning: resource_tracker: There appear to be leaked objects",
    ]

    diagnosis = diagnose(lines, 1)

    assert diagnosis.cause == "vllm.odd.OddError: the moon is full (exit status 1)"
    assert diagnosis.lines == ()


def test_pydantics_second_line_belongs_to_its_error() -> None:
    lines = [
        "pydantic_core.ValidationError: 1 validation error for VllmConfig",
        "  Value error, odd [type=value_error]",
    ]

    assert diagnose(lines, 1).cause == f"{lines[0]} {lines[1].strip()} (exit status 1)"


def test_further_errors_follow_the_first() -> None:
    lines = ["a.FirstError: 1", "b.SecondError: 2", "a.FirstError: 1"]

    assert diagnose(lines, 0).cause == "a.FirstError: 1 (exit status 0)"
    assert diagnose(lines, 0).lines == ("b.SecondError: 2",)


def test_a_killed_engine_is_diagnosed_although_vllm_ends_with_status_0() -> None:
    diagnosis = diagnose(log("enginekilled"), 0)

    assert diagnosis.cause == (
        "its engine ended without an error message, most likely killed because memory ran out (exit status 0)"
    )
    assert "dmesg" in diagnosis.remedy


def test_a_misspelt_flag_is_answered_with_the_right_one() -> None:
    usage = log("badflag")[:-1]

    remedy = diagnose([*usage, "api_server.py: error: unrecognized arguments: --enforce-eeger --max_modle_len=4"], 2)
    unknown = diagnose(log("badflag"), 2)
    without_usage = diagnose(["vllm: error: unrecognized arguments: --enforce-eeger"], 2)

    assert remedy.remedy == "did you mean --enforce-eager, --max-model-len?"
    assert unknown.remedy == without_usage.remedy == "check its spelling, and that this release of vLLM has it"


def test_the_same_error_elsewhere_is_not_one_of_the_middleware() -> None:
    assert diagnose(["ModuleNotFoundError: No module named 'triton'"], 1).remedy == ""


def test_an_end_without_error_shows_the_last_lines() -> None:
    diagnosis = diagnose(log("ok"), 0)

    assert diagnosis.remedy == ""
    assert diagnosis.lines


def test_an_empty_log_is_diagnosed_by_status() -> None:
    assert diagnose([], 3).cause == "it ended with status 3"


def test_the_message_has_remedy_lines_and_log() -> None:
    text = diagnose(log("portused"), 1).format("/a/vllm.log")

    assert text.splitlines() == [
        "vLLM did not start: the port is in use",
        "what to do: stop the process that listens there, or choose another with --port",
        "  | OSError: [Errno 98] Address already in use",
        "the whole log: /a/vllm.log",
    ]
    assert diagnose([], 1).format("x", event="died").startswith("vLLM died: ")


def test_errors_in_policies_are_shown_with_their_places() -> None:
    lines = ["ERROR:    prompt-policy:", "a.yaml:3:1: rulez: unknown key", "ERROR:    Application startup failed."]

    assert diagnose(lines, 3).lines == tuple(lines)
