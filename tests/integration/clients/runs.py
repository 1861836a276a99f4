"""Run the programs, each once for each side of each host, and keep what they print."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.integration.clients.hosts import MODELS, Host, Side
from tests.integration.clients.programs import FOLDER, PROGRAMS
from tests.integration.clients.scenarios import RESULT, SCENARIOS, mark_case
from tests.support.litellm_proxy import KEY

UNCHANGED: Final = ("newlines", "tools")
"""The scenarios for a policy that changes no text."""
ROOT: Final = Path(__file__).parents[3]
ENVIRONMENT_VARIABLE: Final = "PROMPT_POLICY_TEST_CLIENTS"


@dataclass(frozen=True)
class Case:
    """A conversation of one program with one model."""

    program: str
    path: str
    model: str
    stream: bool
    scenario: str

    @property
    def run(self) -> str:
        """The part of the mark that separates the runs of a scenario."""
        return f"{self.program}.{self.path}.{'streamed' if self.stream else 'whole'}"

    @property
    def has_tools(self) -> bool:
        """Whether the model calls tools."""
        return any(answer.calls for answer in SCENARIOS[self.scenario])

    @property
    def has_reasoning(self) -> bool:
        """Whether the answers have reasoning in a field of its own."""
        return any(kind == "reasoning" for answer in SCENARIOS[self.scenario] for kind, _ in answer.pieces)

    def restores_opening(self, host: str) -> bool:
        """Whether the policy sends the opening of the answer in the prompt, and puts it before the answer."""
        is_sent = self.path != "messages" or host == "litellm"  # LiteLLM sends Messages on as chat
        return self.model == "r1" and is_sent and not self.has_tools and not self.has_reasoning

    def describe(self) -> dict[str, Any]:
        """Return what the program must know."""
        return {
            "id": f"{self.run}.{self.model}.{self.scenario}",
            "model": MODELS[self.model],
            "path": self.path,
            "stream": self.stream,
            "system": "Be brief.",
            "prompt": f"Please go on. {mark_case(self.run, self.scenario)}",
            "tools": self.has_tools,
            "reasons": self.has_reasoning,
            "sampling": {"temperature": 0.6, "top_p": 0.9},
        }


def list_cases(program: str) -> Iterator[Case]:
    """Yield the cases of a program."""
    scenarios = PROGRAMS[program].scenarios or tuple(SCENARIOS)
    for path in PROGRAMS[program].endpoints:
        for model in MODELS:
            for stream in (False, True):
                for scenario in scenarios:
                    if model != "gpt-oss" or scenario in UNCHANGED:
                        yield Case(program, path, model, stream, scenario)


@dataclass(frozen=True)
class Outcome:
    """What a client saw in one conversation, and the requests that it sent."""

    events: list[dict[str, Any]]
    requests: list[dict[str, Any]]


def _build_command(environments: Path, program: str) -> list[str]:
    if (FOLDER / f"{program}.py").exists():
        return [str(environments / "python" / "bin" / "python"), "-m", f"tests.integration.clients.programs.{program}"]
    # Node looks for packages above the file, so the programs are copied into the folder of their packages.
    target = environments / "node" / "programs"
    target.mkdir(exist_ok=True)
    for name in ("common.mjs", f"{program}.mjs"):
        shutil.copy(FOLDER / name, target / name)
    return [str(environments / "python" / "bin" / "node"), str(target / f"{program}.mjs")]


@dataclass
class Runs:
    """The outcomes of the programs that ran so far."""

    hosts: dict[str, Host]
    environments: Path
    _results: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)

    def collect(self, host: str, case: Case) -> tuple[Outcome, Outcome]:
        """Return the outcomes of a case without and with the policies."""
        if (host, case.program) not in self._results:
            sides = (self.hosts[host].plain, self.hosts[host].enforced)
            with ThreadPoolExecutor() as pool:
                plain, enforced = pool.map(lambda side: self._run(side, case.program), sides)
            self._results[host, case.program] = (plain, enforced)
        plain, enforced = self._results[host, case.program]
        return (
            self._build_outcome(self.hosts[host].plain, plain, case),
            self._build_outcome(self.hosts[host].enforced, enforced, case),
        )

    def _run(self, side: Side, program: str) -> dict[str, Any]:
        cases = [case.describe() for case in list_cases(program)]
        settings = {"url": side.url, "key": KEY, "result": RESULT, "cases": cases}
        command = [*_build_command(self.environments, program), json.dumps(settings)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=300,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} exited with {done.returncode}: {done.stderr[-4000:]}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {line["case"]: line for line in lines}

    def _build_outcome(self, side: Side, results: dict[str, Any], case: Case) -> Outcome:
        described = case.describe()
        return Outcome(
            results[described["id"]]["events"], side.recorder.bodies[described["model"], case.run, case.scenario]
        )


def find_environments() -> Path | None:
    """Return the folder with the clients' environments, if it is named."""
    folder = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(folder) if folder else None
