"""A named vLLM of this user: the folder with its state and log, and whether it is running.

The supervisor of a vLLM holds a lock on a file in the folder. The lock is released however the supervisor ends, so an
unlocked folder is stale, whatever its state says.
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
from prompt_policy.launcher.state.permissions import ensure_private_folder, open_private

DEFAULT_INSTANCE: Final = "default"
_MAX_ATTEMPTS: Final = 5
_PAUSE_S: Final = 0.1
Phase = Literal["starting", "ready", "ended"]
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class InstanceState:
    """The last known state of a vLLM, as stored on disk. It never contains a key.

    Arguments:
        pid: the process id of the supervisor.
        root: the server's URL without ``/v1``.
        served_name: the model name that clients request.
        log: the path of the log.
        since: the start time in seconds since the Unix epoch.
        phase: how far the instance is.
        stage: the current stage of the start.
        ending: why it ended.
        status: the exit code of the supervisor.
    """

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
    """A vLLM by its name. Its folder is created on the first write, accessible to its owner only."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"--name {name!r}: expected letters, digits, '.', '_' and '-'")
        self.name = name
        self.folder = state_folder(environment) / name
        self._update_lock = threading.Lock()

    @property
    def log(self) -> Path:
        """The default path of the log."""
        return self.folder / "vllm.log"

    @contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Hold the lock of the name while the block runs. Raise UsageError if another process holds it."""
        import fcntl  # Unix only, as vLLM is; other commands also run on Windows

        self._create_folder()
        with self._open("lock") as lock:
            for _ in range(_MAX_ATTEMPTS):  # `is_running` also locks the file for a moment
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(_PAUSE_S)
            else:
                raise UsageError(self._format_running_error())
            yield

    def _format_running_error(self) -> str:
        state = self.read()
        process = f" (pid {state.pid}, {state.root})" if state else ""
        return (
            f"a vLLM named '{self.name}' is already running{process}; "
            f"stop it with `prompt-policy vllm stop {self.name}`, or choose another --name"
        )

    def is_running(self) -> bool:
        """Return whether a process holds the lock of the name."""
        import fcntl

        try:
            with (self.folder / "lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def read(self) -> InstanceState | None:
        """Return the stored state, or None if there is no readable one."""
        try:
            return InstanceState(**json.loads((self.folder / "state.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, state: InstanceState) -> None:
        """Replace the stored state atomically."""
        self._create_folder()
        with self._open("state.json.new") as draft:
            json.dump(asdict(state), draft)
        (self.folder / "state.json.new").replace(self.folder / "state.json")

    def update(self, **changes: str | int) -> None:
        """Change some fields of the stored state. May be called from several threads."""
        with self._update_lock:
            state = self.read()
            if state is not None:
                self.write(replace(state, **changes))  # type: ignore[arg-type]  # the fields' own types

    def _create_folder(self) -> None:
        """Create the folder and its two parents; whoever can write to a parent could replace the folder."""
        try:
            for folder in (*reversed(self.folder.parents[:2]), self.folder):
                ensure_private_folder(folder)
        except OSError as error:
            message = f"{error.filename}: {error.strerror}; set XDG_STATE_HOME to a folder that you own"
            raise UsageError(message) from None
        except UsageError as error:
            raise UsageError(f"{error}; set XDG_STATE_HOME to a folder that you own") from None

    def _open(self, name: str) -> TextIO:
        return open(self.folder / name, "w", opener=open_private)


def state_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of all instances, following the XDG base directory specification."""
    home = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "prompt-policy" / "vllm"


def list_instances(environment: Mapping[str, str]) -> list[Instance]:
    """Return every instance that has a state, sorted by name."""
    names = sorted(file.parent.name for file in state_folder(environment).glob("*/state.json"))
    return [Instance(name, environment) for name in names]
