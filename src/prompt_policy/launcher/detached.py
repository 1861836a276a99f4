"""Look after a vLLM in the background: ``python -m prompt_policy.launcher.detached NAME``.

What to start comes through standard input: it holds the environment, keys among it, which is not to be found on a disk
or in a list of processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from prompt_policy.launcher.instance import Instance
from prompt_policy.launcher.keep import Order, keep
from prompt_policy.launcher.launch import Launch


def start(order: Order) -> subprocess.Popen[bytes]:
    """Start a process that looks after a vLLM and outlives this one."""
    keeper = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, order.instance.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    told = {"launch": asdict(order.launch), "log": str(order.log), "timeout_s": order.timeout_s}
    if keeper.stdin is not None:
        with keeper.stdin as pipe:
            pipe.write(json.dumps(told).encode())
    return keeper


def main() -> int:
    """Look after the vLLM that standard input tells of."""
    told = json.load(sys.stdin)
    launch = Launch(**{**told["launch"], "argv": tuple(told["launch"]["argv"])})
    order = Order(Instance(sys.argv[1], os.environ), launch, Path(told["log"]), told["timeout_s"])
    ending = keep(order, tell=lambda _stage, _share: None, ready=lambda: None)
    return ending.status


if __name__ == "__main__":
    sys.exit(main())
