"""What is run, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load.client import Client
from benchmarks.load.editing import Editor
from benchmarks.load.policies import Policies
from benchmarks.load.samples import Sample, sample, tasks_in
from prompt_policy.launcher.processes import below
from tests.e2e.proxy import Proxy

POOL: Final = 4
"""Connections that LiteLLM may keep for the next requests, in each worker."""


@dataclass(frozen=True)
class Plan:
    """What is run.

    With ``minutes`` requests of all kinds come at ``rate`` a second to each proxy; otherwise ``streams`` streams and
    ``others`` other requests are kept going at once until there were ``requests`` of them and ``rounds`` rounds of
    edits. ``settles`` waits for the proxies to be idle before and after.
    """

    requests: int = 10_000
    streams: int = 500
    others: int = 20
    rounds: int = 1
    minutes: float = 0
    rate: float = 6
    workers: int = 1
    control: bool = False
    settles: bool = True
    pause_s: float = 0.1
    edit_pause_s: float = 0.0
    sample_every_s: float = 10


@dataclass
class Arm:
    """A proxy, who asks it, and what was seen of it: idle before, during the load, and idle again.

    ``rate`` is how many requests a second there were during the load.
    """

    name: str
    proxy: Proxy
    client: Client
    workers: int
    rate: float = 0
    idle: Sample | None = None
    samples: list[Sample] = field(default_factory=list)
    after: Sample | None = None
    left_over: dict[str, int] = field(default_factory=dict)

    def look(self) -> Sample:
        """Look at the proxy."""
        return sample(self.proxy.process.pid, self.proxy.log_file.parent)

    def tasks(self) -> Counter[str]:
        """Return the tasks of the proxy by coroutine."""
        pid = self.proxy.process.pid
        return tasks_in(self.proxy.log_file.parent, {pid} | below(pid)) or Counter()

    @property
    def returned(self) -> bool:
        """Whether tasks and file descriptors are as few as before the load, but for idle connections in a pool.

        True, too, where the run did not wait until the proxy was idle.
        """
        return self.idle is None or self.after is None or is_given_back(self.idle, self.after, self.workers)


def is_given_back(before: Sample, after: Sample, workers: int) -> bool:
    """Tell whether a proxy that is idle again holds no more than before; False where its tasks are not known."""
    if before.tasks is None or after.tasks is None:
        return False
    return after.fds <= before.fds + POOL * workers and after.tasks <= before.tasks


@dataclass
class Run:
    """What came of it."""

    plan: Plan
    arms: list[Arm]
    policies: Policies
    editor: Editor
    began_s: float = 0
    seconds: float = 0
    interrupted: bool = False
    trouble: list[str] = field(default_factory=list)
    backend_counts: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost or mixed up, and everything was given back."""
        return not self.trouble and all(arm.client.is_content and arm.returned for arm in self.arms)
