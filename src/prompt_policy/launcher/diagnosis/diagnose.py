"""Diagnose why a vLLM process ended: one cause and one remedy, from its exit status and its log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from prompt_policy.launcher.diagnosis.known_failures import KNOWN_FAILURES, OUT_OF_MEMORY_KILL, UNKNOWN_FLAG
from prompt_policy.launcher.machine.vllm_flags import suggest_flag

_KILLED: Final = (-9, 137)
_MAX_LINES: Final = 5
_MAX_LINE_LENGTH: Final = 300
# vLLM's own prefixes: the process, and the level with time and source line.
_PREFIX: Final = re.compile(r"^\s*(?:\([\w-]+(?: [\w=]+)* pid=\d+\) )?(?:[A-Z]+ \d\d-\d\d [\d:]+ \[[^\]]*\] ?)?")
_EXCEPTION: Final = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt|Warning): |^\w[\w.]*: error: ")
_WARNING: Final = re.compile(r"^(?:\S+:\d+: )?\w*Warning: ")
_CONTINUED: Final = re.compile(r"validation errors? for \w+$")
_FLAG: Final = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_ENGINE_DEATH: Final = "EngineDeadError"
_ENGINE_KILLED: Final = "its engine ended without an error message, most likely killed because memory ran out"
_TRACEBACK: Final = "Traceback (most recent call last):"
# Messages of processes that failed because another one did: never the cause.
_FOLLOW_UPS: Final = ("See root cause above", "WorkerProc initialization failed", "Engine core proc", "EngineDeadError")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a process ended. ``lines`` are the relevant ones of its log; ``remedy`` is empty if the cause is unknown."""

    cause: str
    remedy: str
    lines: tuple[str, ...] = ()

    def format(self, log: str, *, event: str = "did not start") -> str:
        """Return the message for the user. ``log`` is the path of the log, ``event`` what happened to vLLM."""
        remedy = [f"what to do: {self.remedy}"] if self.remedy else []
        lines = [f"  | {line}" for line in self.lines]
        return "\n".join([f"vLLM {event}: {self.cause}", *remedy, *lines, f"the whole log: {log}"])


def diagnose(lines: Sequence[str], status: int) -> Diagnosis:
    """Return why a vLLM process ended, from the lines of its log and its exit status.

    A status of 128 + n means that signal n killed it, as in a shell. vLLM also ends with status 0 if its engine dies.
    """
    stripped = [_PREFIX.sub("", line).rstrip() for line in lines]
    if (known := _find_known_failure(stripped)) is not None:
        return known
    if status in _KILLED:
        return Diagnosis(OUT_OF_MEMORY_KILL.cause, OUT_OF_MEMORY_KILL.remedy, tuple(map(_truncate, stripped[-2:])))
    errors = _find_errors(stripped)
    if causes := [error for error in errors if not _is_follow_up(error)]:
        first, *others = dict.fromkeys(causes)
        return Diagnosis(f"{first} (exit status {status})", "", tuple(others[: _MAX_LINES - 1]))
    if any(_ENGINE_DEATH in line for line in errors):
        return Diagnosis(f"{_ENGINE_KILLED} (exit status {status})", OUT_OF_MEMORY_KILL.remedy)
    traceback = stripped[stripped.index(_TRACEBACK) :] if _TRACEBACK in stripped else stripped
    shown = errors[:_MAX_LINES] or tuple(map(_truncate, traceback[-_MAX_LINES:]))
    return Diagnosis(f"it ended with status {status}", "", shown)


def _find_known_failure(lines: Sequence[str]) -> Diagnosis | None:
    for failure in KNOWN_FAILURES:
        for index, line in enumerate(lines):
            match = failure.pattern.search(line)
            if match and (failure.after is None or any(map(failure.after.search, lines[:index]))):
                relevant = tuple(map(_truncate, lines[index : index + 1 + failure.more_lines]))
                remedy = _suggest_flags(match[1], lines[:index]) if failure is UNKNOWN_FLAG else ""
                return Diagnosis(_fill(failure.cause, match), remedy or _fill(failure.remedy, match), relevant)
    return None


def _suggest_flags(arguments: str, lines: Sequence[str]) -> str:
    """Return a remedy that names the flags which the arguments most likely mean, from the usage that argparse prints.

    ``vllm serve`` prints no flags; then the remedy is empty.
    """
    start = next((index for index, line in enumerate(lines) if line.startswith("usage:")), len(lines))
    known = {flag for line in lines[start:] for flag in _FLAG.findall(line)}
    found = dict.fromkeys(suggestion for word in arguments.split() if (suggestion := suggest_flag(word, known)))
    return f"did you mean {', '.join(found)}?" if found else ""


def _find_errors(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the error lines, each truncated."""
    return tuple(
        _truncate(f"{line} {lines[index + 1].strip()}" if _CONTINUED.search(line) and lines[index + 1 :] else line)
        for index, line in enumerate(lines)
        if _EXCEPTION.match(line) and not _WARNING.match(line)
    )


def _is_follow_up(error: str) -> bool:
    """Return whether a process reports only that another one failed."""
    return any(text in error for text in _FOLLOW_UPS)


def _fill(text: str, match: re.Match[str]) -> str:
    return text.format(*(group or "?" for group in (match[0], *match.groups())))


def _truncate(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _MAX_LINE_LENGTH else f"{line[: _MAX_LINE_LENGTH - 3]}..."
