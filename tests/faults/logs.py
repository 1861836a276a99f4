"""What logs say that must not be in them: tracebacks that end in this package, and faults of ours."""

from __future__ import annotations

import re

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:[ |+].*\n)+", re.MULTILINE)
_FRAME = re.compile(r'File "([^"]+)", line \d+, in (\S+)')
_EXPECTED = "_Unreadable"  # what a compressed answer is to the middleware, which has asked for none
_OURS = re.compile(r"[/\\]prompt_policy[/\\]")


def faults_of_ours(log: str) -> list[str]:
    """Return the tracebacks that were raised in this package, and the lines that tell of a fault of ours."""
    return [
        *(found.group() for found in _TRACEBACK.finditer(log) if _raised_by_us(found.group())),
        *(line for line in log.splitlines() if "a fault of ours" in line and _EXPECTED not in line),
    ]


def _raised_by_us(traceback: str) -> bool:
    frames = _FRAME.findall(traceback)
    return bool(frames) and _OURS.search(frames[-1][0]) is not None
