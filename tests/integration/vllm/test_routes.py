"""The list of vLLM's routes without a policy in ``docs/how-to/asgi.md``, against the app of the real vLLM."""

from __future__ import annotations

import re
from pathlib import Path

from prompt_policy.runtime.exchange import match_endpoint
from tests.support.vllm_app_report import AppReport

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "asgi.md"
_BEGIN, _END = "## Routes of vLLM without a policy\n", "\n## "
_ROUTE = re.compile(r"`(/[\w/{}.]+)`")
# They are there only with a package or a variable, which the page states.
CONDITIONAL = {"/cohere/v2/chat", "/v1/load_lora_adapter", "/v1/unload_lora_adapter"}


def list_documented_routes() -> set[str]:
    section = PAGE.read_text().partition(_BEGIN)[2].partition(_END)[0]
    return set(_ROUTE.findall(section))


def list_routes_without_policy(app: AppReport) -> set[str]:
    """Return the paths that accept a body: by POST, or as a WebSocket, which has no methods."""
    accepting = {path for path, methods in app.routes.items() if "POST" in methods or not methods}
    mounts = {path for path in accepting if path in ("/metrics", "/static")}
    return {path for path in accepting - mounts if match_endpoint(path) is None}


def test_every_route_without_a_policy_is_documented(vllm_app: AppReport) -> None:
    assert list_routes_without_policy(vllm_app) == list_documented_routes() - CONDITIONAL


def test_the_routes_with_a_policy_are_those_of_the_page(vllm_app: AppReport) -> None:
    routes = {path for path, methods in vllm_app.routes.items() if "POST" in methods and match_endpoint(path)}
    assert routes == {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"}
