"""The process of one vLLM: start it, wait until it is ready, and stop it. All ways to start a vLLM share this."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Final

from prompt_policy.console import OnProgress
from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.diagnosis.diagnose import Diagnosis, diagnose
from prompt_policy.launcher.diagnosis.progress import IMPORTING, StartupStage, parse_stage
from prompt_policy.launcher.state.logfile import LogFile
from prompt_policy.launcher.supervise.child import Child
from prompt_policy.launcher.supervise.ready_check import ReadyCheck, RefusedRequest, find_refusal
from prompt_policy.launcher.supervise.shutdown import RunEnded, ShutdownMonitor
from prompt_policy.net import get

DEFAULT_VLLM_TIMEOUT_S: Final = 1200.0
"""Loading large weights takes minutes."""
_GRACE_S: Final = 20.0
_MAX_DIAGNOSED_LINES: Final = 5000
_REQUEST_TIMEOUT_S: Final = 5.0
_DEATH_WAIT_S: Final = 10.0
_CHECKING: Final = "requesting an answer"


class VllmProcess:
    """A vLLM process, from its start on."""

    def __init__(
        self, launch: LaunchSpec, log: LogFile, on_progress: OnProgress, on_log_line: Callable[[str], None]
    ) -> None:
        self._launch = launch
        self._log = log
        self._on_progress = on_progress
        self._on_log_line = on_log_line
        self._lines: deque[str] = deque(maxlen=_MAX_DIAGNOSED_LINES)
        self._stage = IMPORTING
        self.is_ready = False
        self.child = Child(
            "vLLM",
            launch.argv,
            environment={**launch.environment, "PYTHONUNBUFFERED": "1"},
            folder=Path.cwd(),
            on_line=self._on_line,
            grace_s=_GRACE_S,
            describe_exit=self._describe_exit,
        )

    def wait_until_ready(
        self, monitor: ShutdownMonitor, timeout_s: float, ready_check: ReadyCheck = ReadyCheck.CHAT
    ) -> None:
        """Wait until it serves its model name and answers the request of the check. Raise RunEnded if it does not."""
        self._on_progress(self._stage.text, self._stage.share)
        monitor.wait_for_http(self.child, f"{self._launch.root}/health", timeout_s)
        monitor.wait_until(self.child, self._serves_name, f"does not serve {self._launch.served_name}", timeout_s)
        if ready_check is not ReadyCheck.NONE:
            self._check_answer(monitor, timeout_s, ready_check)
        self.is_ready = True

    def _check_answer(self, monitor: ShutdownMonitor, timeout_s: float, ready_check: ReadyCheck) -> None:
        """Send the requests of the check from another thread, so that signals and the death of vLLM are noticed."""
        self._on_progress(_CHECKING, 1.0)
        outcome: list[RefusedRequest | OSError | HTTPException | None] = []

        def send_requests() -> None:
            try:
                outcome.append(find_refusal(self._launch, ready_check, timeout_s=timeout_s))
            except (OSError, HTTPException) as error:
                outcome.append(error)

        threading.Thread(target=send_requests, daemon=True).start()
        monitor.wait_until(self.child, lambda: bool(outcome), "does not answer a request of one token", timeout_s)
        result = outcome[0]
        if result is None:
            return
        refusal = result if isinstance(result, RefusedRequest) else None
        if refusal is None or refusal.is_server_error:
            self._await_death(monitor)
        reason = refusal.diagnose() if refusal else Diagnosis(f"it closes the connection of a request: {result}", "")
        raise RunEnded(reason.format(str(self._log.path), event="is not ready"), 1)

    def _await_death(self, monitor: ShutdownMonitor) -> None:
        """Wait a moment for the end of a vLLM that failed: its log contains the cause. Raise RunEnded as ``check``."""
        deadline = time.monotonic() + _DEATH_WAIT_S
        while time.monotonic() < deadline:
            monitor.check()

    def _serves_name(self) -> bool:
        """Return whether the model name is listed; otherwise another server may be listening on the port."""
        try:
            body = get(f"{self._launch.root}/v1/models", self._launch.api_key, timeout_s=_REQUEST_TIMEOUT_S)
            return any(model["id"] == self._launch.served_name for model in json.loads(body)["data"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return False

    def _on_line(self, line: str) -> None:
        self._log.write(line)
        self._on_log_line(line)
        self._lines.append(line)
        stage = parse_stage(line)
        if stage is not None and not self.is_ready and stage != self._stage:
            self._stage = StartupStage(stage.text, max(stage.share, self._stage.share))
            self._on_progress(self._stage.text, self._stage.share)

    def _describe_exit(self, status: int) -> str:
        return diagnose(list(self._lines), status).format(
            str(self._log.path), event="died" if self.is_ready else "did not start"
        )


@contextmanager
def run_vllm(
    launch: LaunchSpec,
    monitor: ShutdownMonitor,
    log: Path,
    on_progress: OnProgress,
    on_log_line: Callable[[str], None] = lambda _: None,
) -> Iterator[VllmProcess]:
    """Run a vLLM while the block runs. When the block ends, all its processes have ended.

    Arguments:
        launch: the process to start.
        monitor: detects its death; the process is added to the monitor's children.
        log: the file for its output.
        on_progress: called with the stages of its start.
        on_log_line: called with each line of its log, from another thread.
    """
    file = LogFile(log)
    vllm = VllmProcess(launch, file, on_progress, on_log_line)
    try:
        with vllm.child:
            monitor.children.append(vllm.child)
            yield vllm
    finally:
        file.close()
