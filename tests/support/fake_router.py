"""Stand-ins for the routers of LiteLLM's releases: the one with ``registry``, and the one without.

A stand-in, because one environment has one release; tests/unit/litellm runs with the real ones in several steps of the
gate. Each has only the members that the modules of ``prompt_policy`` may use.
"""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any


class FakeRouter:
    """The router before 1.110."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    def get_model_list(self, model_name: str | None = None) -> list[dict[str, Any]] | None:
        """Return the rows of an alias, or all; None if there are none, as LiteLLM does."""
        return [row for row in self.rows if model_name in (None, row["model_name"])] or None

    def get_deployment(self, model_id: str) -> SimpleNamespace | None:
        """Return the deployment with an id."""
        found = [row for row in self.rows if row["model_info"]["id"] == model_id]
        return SimpleNamespace(**found[0]) if found else None


class FakeRegistryRouter(FakeRouter):
    """The router since 1.110, which warns of the members that it replaced."""

    def get_model_list(self, model_name: str | None = None) -> list[dict[str, Any]] | None:
        """Warn, and return the rows."""
        warnings.warn("Router.get_model_list is deprecated", DeprecationWarning, stacklevel=2)
        return super().get_model_list(model_name)

    def get_deployment(self, model_id: str) -> SimpleNamespace | None:
        """Warn, and return the deployment."""
        warnings.warn("Router.get_deployment is deprecated", DeprecationWarning, stacklevel=2)
        return super().get_deployment(model_id)

    def registry(self) -> SimpleNamespace:
        """Return the queries that replace both."""
        before = FakeRouter(*self.rows)
        return SimpleNamespace(deployments=before.get_model_list, deployment=before.get_deployment)
