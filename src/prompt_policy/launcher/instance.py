"""A named vLLM of this user: the folder with its state and log, and whether it runs.

The process that looks after a vLLM holds a lock on a file of the folder. A lock ends with its holder, however that
ends, so a folder whose lock is free is stale, whatever its state says.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, TextIO

from prompt_policy.errors import UsageError
from prompt_policy.launcher.private import private_folder, private_opener

DEFAULT: Final = "default"
_TRIES: Final = 5
_PAUSE_S: Final = 0.1
Phase = Literal["starting", "ready", "ended"]
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a vLLM. ``pid`` is of the process that looks after it; no key stands here."""

    pid: int
    root: str
    served_name: str
    log: str
    since: float
    phase: Phase = "starting"
    stage: str = ""
    ending: str = ""
    status: int = 0


class Instance:
    """One name. Its folder is made when it is first written to, and belongs to its owner only."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"--name {name!r}: expected letters, digits, '.', '_' and '-'")
        self.name = name
        self.folder = state_home(environment) / name
        self._changing = threading.Lock()

    @property
    def log(self) -> Path:
        """Where its log is, unless another file was asked for."""
        return self.folder / "vllm.log"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the name in the block. Raise UsageError where another process holds it."""
        import fcntl  # Unix only, as vLLM is; the rest of the command line is not

        self._make()
        with self._opened("lock") as lock:
            for _ in range(_TRIES):  # who only asks whether it runs holds the lock for a moment, too
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(_PAUSE_S)
            else:
                raise UsageError(self._held())
            yield

    def _held(self) -> str:
        state = self.read()
        who = f" (pid {state.pid}, {state.root})" if state else ""
        return (
            f"a vLLM named '{self.name}' is running{who}: end it with `prompt-policy vllm stop {self.name}`, "
            "or choose another --name"
        )

    def is_running(self) -> bool:
        """Tell whether a process holds the name."""
        import fcntl

        try:
            with (self.folder / "lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def read(self) -> State | None:
        """Return the last known state, or None where there is none."""
        try:
            return State(**json.loads((self.folder / "state.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, state: State) -> None:
        """Replace the state; a reader sees the old one or the new one."""
        self._make()
        with self._opened("state.json.new") as draft:
            json.dump(asdict(state), draft)
        (self.folder / "state.json.new").replace(self.folder / "state.json")

    def update(self, **changes: str | int) -> None:
        """Change a part of the state. May be called from several threads."""
        with self._changing:
            state = self.read()
            if state is not None:
                self.write(replace(state, **changes))  # type: ignore[arg-type]  # the fields' own types

    def _make(self) -> None:
        """Make the folder, and the two around it: whoever may write there could put another in its place."""
        try:
            for folder in (*reversed(self.folder.parents[:2]), self.folder):
                private_folder(folder)
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}: set XDG_STATE_HOME to a folder of yours") from None
        except UsageError as error:
            raise UsageError(f"{error}: set XDG_STATE_HOME to a folder of yours") from None

    def _opened(self, name: str) -> TextIO:
        return open(self.folder / name, "w", opener=private_opener)


def state_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of all instances, by the XDG base directory specification."""
    home = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "prompt-policy" / "vllm"


def instances(environment: Mapping[str, str]) -> list[Instance]:
    """Return every name that has a state."""
    found = sorted(file.parent.name for file in state_home(environment).glob("*/state.json"))
    return [Instance(name, environment) for name in found]


def now() -> float:
    """Return the time as a state holds it: seconds since 1970."""
    return time.time()
