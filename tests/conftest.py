"""Settings for all tests."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.litellm_clients import close_litellm_clients

pytest_plugins = ["tests.support.parallel", "tests.support.servers"]

# A slow machine is no failure; the others are for long runs by hand: pytest --hypothesis-profile thorough.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=20_000)
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=10_000)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make a deprecation that this package's own modules cause an error, whatever ``-W`` ignores."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error::DeprecationWarning:prompt_policy"))


@pytest.fixture(autouse=True, scope="module")
def _collect_garbage() -> Iterator[None]:
    """Collect garbage at the end of a file, so that a connection it left open fails this file and not a later one.

    LiteLLM leaves connections of its own open, and nothing separates them from ours once it is imported. The gate's
    step openai has no LiteLLM, and reports every connection of our clients.
    """
    yield
    close_litellm_clients()
    with warnings.catch_warnings():
        if "litellm" in sys.modules:
            warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
