"""Why a vLLM ended: one cause and one remedy, told from its exit status and its log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prompt_policy.launcher.causes import CAUSES, OUT_OF_MEMORY_KILL

_KILLED: Final = (-9, 137)
_SHOWN: Final = 5
_LONGEST: Final = 300
# vLLM's own prefixes: the process, and the level with time and place.
_PREFIX: Final = re.compile(r"^\s*(?:\([\w-]+(?: [\w=]+)* pid=\d+\) )?(?:[A-Z]+ \d\d-\d\d [\d:]+ \[[^\]]*\] ?)?")
_RAISED: Final = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt|Warning): |^\w[\w.]*: error: ")
_WARNING: Final = re.compile(r"^(?:\S+:\d+: )?\w*Warning: ")
_CONTINUED: Final = re.compile(r"validation errors? for \w+$")
_TRACEBACK: Final = "Traceback (most recent call last):"
# What a process says when another one failed: never the cause.
_ECHOES: Final = ("See root cause above", "WorkerProc initialization failed", "Engine core proc", "EngineDeadError")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why it ended. ``lines`` are the few of its log that tell; ``remedy`` is empty where the cause is not known."""

    cause: str
    remedy: str
    lines: tuple[str, ...] = ()

    def text(self, log: str, *, was_ready: bool = False) -> str:
        """Return it for a user, with the path of the log."""
        happened = "died" if was_ready else "did not start"
        remedy = [f"what to do: {self.remedy}"] if self.remedy else []
        lines = [f"  | {line}" for line in self.lines]
        return "\n".join([f"vLLM {happened}: {self.cause}", *remedy, *lines, f"the whole log: {log}"])


def diagnose(lines: Sequence[str], status: int) -> Diagnosis:
    """Tell from a log's lines and an exit status why a vLLM ended. 128 + n is a signal's status, as shells count."""
    stripped = [_PREFIX.sub("", line).rstrip() for line in lines]
    for cause in CAUSES:
        for index, line in enumerate(stripped):
            if found := cause.pattern.search(line):
                around = stripped[index : index + 1 + cause.more_lines]
                return Diagnosis(_filled(cause.says, found), _filled(cause.remedy, found), tuple(map(_short, around)))
    if status in _KILLED:
        return Diagnosis(OUT_OF_MEMORY_KILL.says, OUT_OF_MEMORY_KILL.remedy, tuple(map(_short, stripped[-2:])))
    told = tuple(_short(line) for line in _root_cause(stripped))
    return Diagnosis(f"it ended with status {status}", "", told or tuple(map(_short, stripped[-_SHOWN:])))


def _root_cause(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines that were raised first: what follows them are other processes that noticed."""
    raised = [
        f"{line} {lines[index + 1].strip()}" if _CONTINUED.search(line) and index + 1 < len(lines) else line
        for index, line in enumerate(lines)
        if _RAISED.match(line) and not _WARNING.match(line)
    ]
    telling = [line for line in raised if not any(echo in line for echo in _ECHOES)]
    seen: set[str] = set()
    for line in telling or raised:
        if line not in seen and len(seen) < _SHOWN:
            seen.add(line)
            yield line
    if not raised and _TRACEBACK in lines:
        yield from lines[lines.index(_TRACEBACK) :][-_SHOWN:]


def _filled(text: str, found: re.Match[str]) -> str:
    return text.format(*(group or "?" for group in (found[0], *found.groups())))


def _short(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
