"""Real clients, each in an environment of its own.

``.ci/run`` installs them and names their folder in PROMPT_POLICY_TEST_CLIENTS. Without it these tests are not
collected; with it, a client that is missing is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.clients.hosts import run_hosts
from tests.integration.clients.runs import Runs, find_environments

collect_ignore = [] if find_environments() else ["test_clients.py"]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The programs' outcomes in front of every host."""
    environments = find_environments()
    assert environments is not None
    with run_hosts(tmp_path_factory.mktemp) as hosts:
        yield Runs(hosts, environments)
