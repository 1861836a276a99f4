"""The process of one tree: it reads batches of cases from standard input, and writes what its hosts make of them."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import prompt_policy
from tests.properties.differential.adapters import DECISION_LOGGER, LOGGER, normalize
from tests.properties.differential.case import HOSTS, Case
from tests.properties.differential.hosts.policies import Policies
from tests.properties.differential.hosts.running import Result, raised

_HASH: Final = re.compile(r"\b[0-9a-f]{12}\b")


class Collected(logging.Handler):
    """The log of one case: each decision as it is written, and the level of any other record."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[str] = []
        self.others: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if record.name == DECISION_LOGGER:
            self.decisions.append(record.getMessage())
        else:
            self.others.append(record.levelname)

    def take(self) -> Result:
        """Return what was logged since the last time."""
        taken = {"decisions": self.decisions, "others": self.others}
        self.decisions, self.others = [], []
        return taken


class Worker:
    """The hosts of one tree."""

    def __init__(self, tree: Path, extras: list[dict[str, Any]], folder: Path) -> None:
        origin = Path(prompt_policy.__file__)
        if not origin.is_relative_to(tree):
            raise RuntimeError(f"prompt_policy is imported from {origin}, not from {tree}")
        self._log = Collected()
        logger = logging.getLogger(LOGGER)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(self._log)
        self.policies = Policies(tree, extras, folder)
        self._hashes = set(self.policies.hashes.values())
        self._hosts: dict[str, Any] = {}
        self._counted: dict[str, float] = {}

    def run(self, case: Case) -> str:
        """Return what the case's host makes of it, as JSON; a policy's hash, which may differ, is left out."""
        if case.place.host not in self._hosts:
            self._hosts[case.place.host] = _HOSTS[case.place.host](self.policies)
            self._log.take()
        try:
            result = self._hosts[case.place.host].run(case)
        except Exception as error:  # noqa: BLE001 - an error is a result to compare
            result = {"error": raised(error)}
        written = normalize(json.dumps({**result, "log": self._log.take()}, default=repr))
        return _HASH.sub(lambda found: "HASH" if found[0] in self._hashes else found[0], written)

    def count(self) -> dict[str, float]:
        """Return by how much each metric grew since the last time; the time that was spent is none of them."""
        from prometheus_client import REGISTRY

        now = {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in REGISTRY.collect()
            if family.name.startswith("prompt_policy") and not family.name.endswith("seconds")
            for sample in family.samples
            if not sample.name.endswith("_created")
        }
        grown = {name: value - self._counted.get(name, 0) for name, value in now.items()}
        self._counted = now
        return {name: value for name, value in sorted(grown.items()) if value}


def _pipeline(policies: Policies) -> Any:
    from tests.properties.differential.hosts.pipeline import PipelineHost

    return PipelineHost(policies)


def _exchange(policies: Policies) -> Any:
    from tests.properties.differential.hosts.exchange import ExchangeHost

    return ExchangeHost(policies)


def _asgi(policies: Policies) -> Any:
    from tests.properties.differential.hosts.asgi import AsgiHost

    return AsgiHost(policies)


def _http_client(policies: Policies, *, is_async: bool) -> Any:
    from tests.properties.differential.hosts.http_client import HttpClientHost

    return HttpClientHost(policies, is_async=is_async)


def _litellm(policies: Policies) -> Any:
    from tests.properties.differential.hosts.litellm_hooks import LiteLLMHost

    return LiteLLMHost(policies)


_HOSTS: Final[dict[str, Callable[[Policies], Any]]] = dict(
    zip(
        HOSTS,
        (
            _pipeline,
            _exchange,
            _asgi,
            partial(_http_client, is_async=False),
            partial(_http_client, is_async=True),
            _litellm,
        ),
        strict=True,
    )
)
"""Each host is imported with its first case: LiteLLM alone takes seconds."""


def main() -> None:
    """Serve batches until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # LiteLLM prints
    first = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(Path(first["tree"]), first["extras"], Path(folder))
        print(json.dumps(worker.policies.hashes), file=answers, flush=True)
        for line in sys.stdin:
            results = [worker.run(Case.from_json(case)) for case in json.loads(line)]
            print(json.dumps({"results": results, "metrics": worker.count()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
