"""The list of vLLM's routes without a policy in ``docs/how-to/asgi.md``, against the apps of vLLM's newest releases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prompt_policy.runtime.exchange import match_endpoint
from tests.support.vllm_app_report import AppReport, load_newest_report

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "asgi.md"
_BEGIN, _END = "## Routes of vLLM without a policy\n", "\n## "
_ROUTE = re.compile(r"`(/[\w/{}.]+)`")
_COHERE = "/cohere/v2/chat"  # needs a package
_NEWER = {"/v1/decisions"}  # than the newest CPU build


@pytest.fixture(params=["newest CPU build", "newest"])
def app(request: pytest.FixtureRequest, vllm_apps: dict[str, AppReport]) -> AppReport:
    return vllm_apps["plugin"] if request.param == "newest CPU build" else load_newest_report()


def list_documented_routes() -> set[str]:
    section = PAGE.read_text().partition(_BEGIN)[2].partition(_END)[0]
    return set(_ROUTE.findall(section)) - {_COHERE}


def list_accepting_routes(app: AppReport) -> set[str]:
    """Return the paths that accept a body: by POST, or as a WebSocket, which has no methods."""
    return {path for path, methods in app.routes.items() if "POST" in methods or not methods} - {"/metrics"}


def test_every_route_without_a_policy_is_documented(app: AppReport) -> None:
    without_policy = {path for path in list_accepting_routes(app) if match_endpoint(path) is None}

    assert without_policy - list_documented_routes() == set()
    assert list_documented_routes() - without_policy <= _NEWER


def test_the_routes_with_a_policy_are_those_of_the_page(app: AppReport) -> None:
    routes = {path for path in list_accepting_routes(app) if match_endpoint(path)}
    assert routes == {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"}
