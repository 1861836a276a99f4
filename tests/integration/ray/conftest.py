"""One real Ray node with two apps, an ingress of our own and that of Ray Serve LLM, with two replicas of everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.missing import fail_in_ci
from tests.support.ray_cluster import RayNode, run_node
from tests.support.ray_environment import ensure_ray_python
from tests.support.uv_environment import EnvironmentUnavailable

HERE = Path(__file__).parent
POLICY = """
version: 1
name: ray-test
applies_to: {{models: [plain-model, llm-model]}}
rules:
  - {{name: no-greedy-decoding, kind: reject, when: {{parameters: {{temperature: 0}}}}, message: send a temperature}}
  - {{name: cool, kind: clamp, parameters: {{temperature: {{max: {maximum}}}}}}}
  - {{name: no-system-prompt, kind: fold_system}}
  - {{name: tidy-answer, kind: filter_whitespace}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, which need a real Ray."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.ray)


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy of both apps."""
    file = tmp_path_factory.mktemp("policies") / "ray-test.yaml"
    file.write_text(POLICY.format(maximum=0.6))
    return file


@pytest.fixture(scope="module")
def node(policy_file: Path) -> Iterator[RayNode]:
    """The node. Nothing of it is left behind."""
    try:
        python = ensure_ray_python()
    except EnvironmentUnavailable as error:
        fail_in_ci(str(error))
    variables = {"PROMPT_POLICY_PATH": str(policy_file)}
    with run_node(python, "plain", "llm", variables=variables) as running:
        yield running
        processes = running.list_processes()
        assert len(processes) > 10
    assert [process for process in processes if process.is_running()] == []
