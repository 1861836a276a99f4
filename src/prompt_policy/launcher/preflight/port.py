"""Whether the port is free, and who has it if not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.command import Plan
from prompt_policy.launcher.ports import free_port

_PROC: Final = Path("/proc")
_LISTENS: Final = "0A"


def check(plan: Plan) -> Iterator[str]:
    """Find a port that cannot be had. A container binds its ports by itself."""
    if plan.installed.python is None:
        return
    try:
        free_port(plan.host, plan.port)
    except UsageError as error:
        holder = holder_of(plan.port)
        yield f"{error}{f'; {holder} has it' if holder else ''}"


def holder_of(port: int, proc: Path = _PROC) -> str | None:
    """Return the process that listens on a port, as far as this user may know it; None elsewhere than on Linux."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    if not sockets:
        return None
    for folder in proc.glob("[0-9]*/fd"):
        with suppress(OSError):  # other users' processes, and those that end meanwhile
            if any(_target(link) in sockets for link in folder.iterdir()):
                name = (folder.parent / "comm").read_text().strip()
                return f"{name} (pid {folder.parent.name})"
    return None


def _listening(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _target(link: Path) -> str:
    with suppress(OSError):
        return str(link.readlink())
    return ""
