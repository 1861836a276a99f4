"""Supervise a vLLM in the background: ``python -m prompt_policy.launcher.supervise.daemon NAME``.

The specification arrives through standard input: it contains environment variables and keys, which must not appear on
disk or in a process list.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from prompt_policy.launcher.command import LaunchSpec
from prompt_policy.launcher.state.instance import Instance
from prompt_policy.launcher.supervise.ready_check import ReadyCheck
from prompt_policy.launcher.supervise.supervisor import SupervisorSpec, supervise


def start_daemon(spec: SupervisorSpec) -> subprocess.Popen[bytes]:
    """Start a supervisor process that outlives this one."""
    supervisor = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, spec.instance.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    message = {"launch": asdict(spec.launch), "log": str(spec.log), "timeout_s": spec.timeout_s}
    message["ready_check"] = spec.ready_check
    if supervisor.stdin is not None:
        with supervisor.stdin as pipe:
            pipe.write(json.dumps(message).encode())
    return supervisor


def main() -> int:
    """Supervise the vLLM that standard input specifies, and return the exit code."""
    message = json.load(sys.stdin)
    launch = LaunchSpec(**{**message["launch"], "argv": tuple(message["launch"]["argv"])})
    instance, check = Instance(sys.argv[1], os.environ), ReadyCheck(message["ready_check"])
    spec = SupervisorSpec(instance, launch, Path(message["log"]), message["timeout_s"], check)
    ending = supervise(spec, on_progress=lambda _stage, _share: None, on_ready=lambda: None)
    return ending.status


if __name__ == "__main__":
    sys.exit(main())
