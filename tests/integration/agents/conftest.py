"""Coding agents, installed by ``.ci/run`` into the environment of the clients.

Without PROMPT_POLICY_TEST_CLIENTS these tests are not collected; with it, an agent that is missing is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.agents.conversation import Script
from tests.integration.agents.hosts import run_agent_hosts
from tests.integration.agents.runs import CASES, AgentRuns
from tests.integration.clients.runs import find_environments

collect_ignore = [] if find_environments() else ["test_agents.py"]


@pytest.fixture(scope="session")
def agent_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentRuns]:
    """The agents' outcomes in front of every host."""
    environments = find_environments()
    assert environments is not None
    script = Script()
    create_folder = tmp_path_factory.mktemp
    with ThreadPoolExecutor(os.cpu_count()) as pool, run_agent_hosts(script, create_folder) as hosts:
        yield AgentRuns(CASES, hosts, script, environments, create_folder, pool)
        pool.shutdown(cancel_futures=True)
