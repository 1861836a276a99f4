"""Start one vLLM, wait until it answers, and end it: what every way of starting one shares."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Final

from prompt_policy.launcher.child import Child
from prompt_policy.launcher.diagnosis import diagnose
from prompt_policy.launcher.fetch import fetched
from prompt_policy.launcher.launch import Launch
from prompt_policy.launcher.logfile import LogFile
from prompt_policy.launcher.stages import IMPORTING, Stage, stage_of
from prompt_policy.launcher.watch import Watch

GRACE_S: Final = 20.0
VLLM_TIMEOUT_S: Final = 1200.0
"""Large weights take minutes to load."""
_LINES_KEPT: Final = 5000
_PROBE_S: Final = 5.0
Tell = Callable[[str, float | None], None]


class Vllm:
    """One vLLM on its way up, and after."""

    def __init__(self, launch: Launch, log: LogFile, tell: Tell) -> None:
        self._launch = launch
        self._log = log
        self._tell = tell
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._stage = IMPORTING
        self.is_ready = False
        self.child = Child(
            "vLLM",
            launch.argv,
            environment={**launch.environment, "PYTHONUNBUFFERED": "1"},
            folder=Path.cwd(),
            on_line=self._heard,
            grace_s=GRACE_S,
            obituary=self._obituary,
        )

    def await_ready(self, watch: Watch, timeout_s: float) -> None:
        """Wait until it answers and serves its name. Raise Ending where that does not happen."""
        self._tell(self._stage.text, self._stage.share)
        watch.await_answer(self.child, f"{self._launch.root}/health", timeout_s)
        watch.await_truth(self.child, self._serves, f"does not serve {self._launch.served_name}", timeout_s)
        self.is_ready = True

    def _serves(self) -> bool:
        """Tell whether the name is listed: another server's answer is not ours."""
        try:
            listed = json.loads(fetched(f"{self._launch.root}/v1/models", self._launch.api_key, timeout_s=_PROBE_S))
            return any(model["id"] == self._launch.served_name for model in listed["data"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return False

    def _heard(self, line: str) -> None:
        self._log.write(line)
        self._lines.append(line)
        stage = stage_of(line)
        if stage is not None and not self.is_ready and stage != self._stage:
            self._stage = Stage(stage.text, max(stage.share, self._stage.share))
            self._tell(self._stage.text, self._stage.share)

    def _obituary(self, status: int) -> str:
        return diagnose(list(self._lines), status).text(str(self._log.path), was_ready=self.is_ready)


@contextmanager
def running_vllm(launch: Launch, watch: Watch, log: Path, tell: Tell) -> Iterator[Vllm]:
    """Run a vLLM in the block; at its end every process that it started is gone.

    Arguments:
        launch: what to start.
        watch: notices its death; it is added to the watch's children.
        log: the file that gets what it says.
        tell: gets the stage of its start, a text and a share from 0 to 1.
    """
    file = LogFile(log)
    vllm = Vllm(launch, file, tell)
    try:
        with vllm.child:
            watch.children.append(vllm.child)
            yield vllm
    finally:
        file.close()
