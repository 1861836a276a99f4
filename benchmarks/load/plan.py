"""The plan of a run and its results."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load.client import ProxyClient
from benchmarks.load.editing import Editor
from benchmarks.load.policies import PolicyFolder
from benchmarks.load.samples import Sample, count_tasks, take_sample
from prompt_policy.launcher.machine.processes import descendants
from tests.support.litellm_proxy import Proxy

POOL: Final = 4
"""Idle connections that LiteLLM may keep in each worker."""


@dataclass(frozen=True)
class Plan:
    """The parameters of a run.

    With ``minutes``, each proxy receives requests of all kinds at ``rate`` per second. Otherwise ``streams`` streams
    and ``others`` other requests are open at any time, until ``requests`` requests were sent and the policies were
    edited in ``rounds`` rounds. With ``settles``, the run waits for idle proxies before and after the load.
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
    """A proxy, its client, and its samples: idle before the load, during it, and idle again.

    ``rate`` is the requests per second during the load.
    """

    name: str
    proxy: Proxy
    client: ProxyClient
    workers: int
    rate: float = 0
    idle: Sample | None = None
    samples: list[Sample] = field(default_factory=list)
    after: Sample | None = None
    remaining_tasks: dict[str, int] = field(default_factory=dict)

    def take_sample(self) -> Sample:
        """Return a sample of the proxy."""
        return take_sample(self.proxy.process.pid, self.proxy.log_file.parent)

    def tasks(self) -> Counter[str]:
        """Return the tasks of the proxy by coroutine."""
        pid = self.proxy.process.pid
        return count_tasks(self.proxy.log_file.parent, {pid} | descendants(pid)) or Counter()

    @property
    def is_released(self) -> bool:
        """Whether the proxy has no more tasks and file descriptors than before the load, apart from pooled connections.

        Also true if the run did not wait until the proxy was idle.
        """
        return self.idle is None or self.after is None or has_released(self.idle, self.after, self.workers)


def has_released(before: Sample, after: Sample, workers: int) -> bool:
    """Return whether an idle proxy has no more resources than before the load; False if its tasks are unknown."""
    if before.tasks is None or after.tasks is None:
        return False
    return after.fds <= before.fds + POOL * workers and after.tasks <= before.tasks


@dataclass
class LoadRun:
    """A run and its results."""

    plan: Plan
    arms: list[Arm]
    policies: PolicyFolder
    editor: Editor
    began_s: float = 0
    seconds: float = 0
    interrupted: bool = False
    errors: list[str] = field(default_factory=list)
    backend_counts: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no answer was lost or wrong, and all resources were released."""
        return not self.errors and all(arm.client.succeeded and arm.is_released for arm in self.arms)
