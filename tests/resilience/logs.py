"""Find entries that logs must not contain: tracebacks that end in this package, and its internal errors."""

from __future__ import annotations

import re

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:[ |+].*\n)+", re.MULTILINE)
_FRAME = re.compile(r'File "([^"]+)", line \d+, in (\S+)')
_EXPECTED = "CompressedResponseError"  # the middleware cannot read a compressed answer, and requests none
_PACKAGE = re.compile(r"[/\\]prompt_policy[/\\]")


def find_package_errors(log: str) -> list[str]:
    """Return the tracebacks of exceptions raised in this package, and the lines of its internal errors."""
    return [
        *(found.group() for found in _TRACEBACK.finditer(log) if _is_raised_in_package(found.group())),
        *(line for line in log.splitlines() if ": internal error, " in line and _EXPECTED not in line),
    ]


def _is_raised_in_package(traceback: str) -> bool:
    frames = _FRAME.findall(traceback)
    return bool(frames) and _PACKAGE.search(frames[-1][0]) is not None
