"""Run the agents, each in a home folder and a project of its own, and keep what they print and send."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prompt_policy.net import LOOPBACK
from tests.integration.agents.agents import AGENTS, GUIDE_KEY, Event, parse_lines
from tests.integration.agents.conversation import COPY, PROMPT, SOURCE, TEXT, Script, SentRequest, mark_run, speaks
from tests.integration.agents.hosts import MODELS, AgentHost
from tests.support.litellm_proxy import KEY

MAX_RUN_S: Final = 240
CLOSED_PROXY: Final = f"http://{LOOPBACK}:9"
"""Where requests to the internet go: nothing listens there."""


@dataclass(frozen=True)
class AgentCase:
    """An agent that works for one model through one host."""

    agent: str
    host: str
    model: str

    def __str__(self) -> str:
        return f"{self.agent}-{self.host}-{self.model.rpartition('/')[2]}"

    @property
    def is_repaired(self) -> bool:
        """Whether Qwen's template rejects what the agent sends. LiteLLM itself repairs Claude Code's messages."""
        return (self.agent, self.host) in (("claude", "asgi"), ("codex", "litellm"), ("codex", "asgi"))


# opencode takes ten times as long to start as the others, and its requests are chat on every host.
AGENT_HOSTS: Final = {"claude": ("litellm", "asgi"), "codex": ("litellm", "asgi"), "opencode": ("litellm",)}
CASES: Final = [AgentCase(agent, host, model) for agent in AGENTS for host in AGENT_HOSTS[agent] for model in MODELS]


@dataclass(frozen=True)
class AgentOutcome:
    """What an agent printed and did, and the requests that reached the backend."""

    status: int
    events: list[Event]
    errors: str
    copied: str | None
    requests: list[SentRequest]

    @property
    def loop(self) -> list[SentRequest]:
        """The requests of the tool loop in order."""
        return [request for request in self.requests if request.is_in_loop]


@dataclass
class AgentRuns:
    """The outcomes of the agents, each of which starts when the first case of its agent is collected.

    What an agent does without a policy depends on the script, but not on the model, so it is run once for each script.
    """

    cases: list[AgentCase]
    hosts: dict[str, AgentHost]
    script: Script
    environments: Path
    create_folder: Callable[[str], Path]
    pool: Executor
    _outcomes: dict[tuple[AgentCase, str], Future[AgentOutcome]] = field(default_factory=dict)

    def collect(self, case: AgentCase) -> tuple[AgentOutcome, AgentOutcome]:
        """Return the outcomes of a case without and with the policy."""
        if (case, "enforced") not in self._outcomes:
            for each in self.cases:
                if each.agent == case.agent:
                    self._start(self._find_plain_case(each), "plain")
                    self._start(each, "enforced")
        return self._outcomes[self._find_plain_case(case), "plain"].result(), self._outcomes[case, "enforced"].result()

    def _find_plain_case(self, case: AgentCase) -> AgentCase:
        """Return the first case with the same script."""
        return next(
            each for each in self.cases
            if (each.agent, each.host, speaks(each.model)) == (case.agent, case.host, speaks(case.model))
        )  # fmt: skip

    def _start(self, case: AgentCase, side: str) -> None:
        if (case, side) not in self._outcomes:
            self._outcomes[case, side] = self.pool.submit(self._run, case, side)

    def _run(self, case: AgentCase, side: str) -> AgentOutcome:
        home, project = self.create_folder("home"), self.create_folder("project")
        url = getattr(self.hosts[case.host], side)
        AGENTS[case.agent].write_settings(home, url, case.model)
        (project / SOURCE).write_text(TEXT)
        run = f"{case}.{side}"
        status, output, errors = run_agent(self.environments, case.agent, home, project, f"{PROMPT} {mark_run(run)}")
        copy = project / COPY
        return AgentOutcome(
            status,
            list(AGENTS[case.agent].read_events(parse_lines(output))),
            errors,
            copy.read_text() if copy.exists() else None,
            self.script.requests.get(run, []),
        )


def run_agent(environments: Path, name: str, home: Path, project: Path, prompt: str) -> tuple[int, str, str]:
    """Return the exit status, the output and the errors of an agent that was given a prompt."""
    programs = environments / "node" / "node_modules" / ".bin"
    environment = {
        "PATH": os.pathsep.join([str(environments / "python" / "bin"), os.defpath]),
        "HOME": str(home), GUIDE_KEY: KEY, "HTTP_PROXY": CLOSED_PROXY, "HTTPS_PROXY": CLOSED_PROXY,
        "NO_PROXY": LOOPBACK, "npm_config_offline": "true", **AGENTS[name].variables,
    }  # fmt: skip
    with subprocess.Popen(
        [str(programs / name), *AGENTS[name].command, prompt], cwd=project, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            output, errors = process.communicate(timeout=MAX_RUN_S)
        finally:
            _kill_group(process.pid)
    return process.returncode, output, errors


def _kill_group(pid: int) -> None:
    """End the processes that an agent left behind."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
