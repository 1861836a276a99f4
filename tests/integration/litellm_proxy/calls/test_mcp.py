"""Requests with MCP tools of LiteLLM's gateway: LiteLLM makes several calls, but there is one decision."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.litellm_proxy.calls import mcp_server
from tests.integration.litellm_proxy.calls.deployments import FILTERED, OPENING, PIECES, POLICY, build_config
from tests.integration.litellm_proxy.client import post
from tests.support.fake_answers import SSE, build_answer, build_events
from tests.support.fake_backend import FakeBackend, Response, build_json_response, run_backend
from tests.support.litellm_proxy import Proxy, run_proxy
from tests.support.marks import WHOLE_AND_STREAMED
from tests.support.responses import PATHS, read_texts
from tests.support.waiting import wait_until

ARGUMENTS = json.dumps({"word": "Hi"})
TOOLS = [{"type": "mcp", "server_label": "words", "server_url": "litellm_proxy/mcp/words", "require_approval": "never"}]
NO_TOOLS = [{**TOOLS[0], "allowed_tools": ["another"]}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50},
    "messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50},
    "responses": {"input": "Hi", "max_output_tokens": 50},
}


def respond(endpoint: str, body: dict[str, Any]) -> Response:
    """Return a call of the tool, and the text once the tool's result is in the request."""
    is_last = mcp_server.RESULT in json.dumps(body) or not body.get("tools")
    if body.get("stream"):
        events = build_events(endpoint, body, PIECES) if is_last else _build_call_events(endpoint, body)
        return 200, SSE, (event.encode() for event in events)
    answer = build_answer(endpoint, body, PIECES)
    return build_json_response(answer if is_last else _replace_text(endpoint, answer, body))


def _replace_text(endpoint: str, answer: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if endpoint == "responses":
        return {**answer, "output": [_build_item(body)]}
    call = {"id": "call_1", "type": "function", "function": {"name": _get_name(body), "arguments": ARGUMENTS}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {**answer, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}


def _build_call_events(endpoint: str, body: dict[str, Any]) -> Iterator[str]:
    if endpoint == "chat":
        call = {"index": 0, "id": "call_1", "type": "function",
                "function": {"name": _get_name(body), "arguments": ARGUMENTS}}  # fmt: skip
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
        for delta, finish in (({"role": "assistant", "tool_calls": [call]}, None), ({}, "tool_calls")):
            chunk = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"
        return
    response = {**build_answer(endpoint, body, []), "output": [_build_item(body)]}
    for event in (
        {"type": "response.created", "sequence_number": 0, "response": {**response, "output": []}},
        {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": _build_item(body)},
        {"type": "response.output_item.done", "sequence_number": 2, "output_index": 0, "item": _build_item(body)},
        {"type": "response.completed", "sequence_number": 3, "response": response},
    ):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def _build_item(body: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": _get_name(body),
            "arguments": ARGUMENTS, "status": "completed"}  # fmt: skip


def _get_name(body: dict[str, Any]) -> str:
    tool = body["tools"][0]
    return str(tool.get("function", tool)["name"])


@pytest.fixture(scope="module")
def mcp_backend() -> Iterator[FakeBackend]:
    """A backend that calls the tool first."""
    with run_backend(FakeBackend(respond=respond)) as backend:
        yield backend


@pytest.fixture(scope="module")
def mcp_proxy(mcp_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with an MCP server."""
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "policies").mkdir()
    (folder / "policies" / "guarded.yaml").write_text(yaml.safe_dump(POLICY))
    words = {"transport": "stdio", "command": sys.executable, "args": [str(Path(mcp_server.__file__))],
             "allow_all_keys": True}  # fmt: skip
    config = build_config(mcp_backend)
    config["model_list"] = [row for row in config["model_list"] if "prompt_policy" not in row["model_info"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITELLM_ENABLE_MCP_STDIO", "true")
        with run_proxy({**config, "mcp_servers": {"words": words}}, folder) as proxy:
            yield proxy


@WHOLE_AND_STREAMED
@pytest.mark.parametrize(
    ("alias", "endpoint"), [("vllm", "chat"), ("openai", "responses"), ("vllm-as-chat", "responses")]
)
def test_one_decision_covers_all_calls(
    mcp_proxy: Proxy, mcp_backend: FakeBackend, alias: str, endpoint: str, stream: bool
) -> None:
    mcp_backend.bodies.clear()
    before = mcp_proxy.log.count('"policy":"guarded"')

    path = PATHS[endpoint].removeprefix("/v1/")
    response = post(mcp_proxy, path, model=alias, tools=TOOLS, temperature=1.0, stream=stream, **BODIES[endpoint])

    assert response.status_code == 200, response.text
    first, second = mcp_backend.bodies
    assert mcp_server.RESULT not in json.dumps(first)
    assert mcp_server.RESULT in json.dumps(second)
    for body in (first, second):
        assert (body["temperature"], json.dumps(body).count("Cite."), "<think>" in json.dumps(body)) == (0.6, 1, False)
    assert FILTERED in read_texts(endpoint, response.text, stream=stream)["content"]
    assert response.headers["x-prompt-policy-applied"] == "cap,fixed,cite"
    wait_until(lambda: mcp_proxy.log.count('"policy":"guarded"') > before)
    assert mcp_proxy.log.count('"policy":"guarded"') == before + 1


@WHOLE_AND_STREAMED
@pytest.mark.parametrize(
    ("alias", "endpoint"),
    [
        ("vllm", "chat"),
        ("openai", "responses"),
        ("vllm-as-chat", "responses"),
        ("vllm", "messages"),
        ("native-messages", "messages"),
    ],
)
def test_prefill_and_opening_agree_if_litellm_finds_no_tools(
    mcp_proxy: Proxy, mcp_backend: FakeBackend, alias: str, endpoint: str, stream: bool
) -> None:
    """LiteLLM removes the tools before its nested call, so that only the first call has some."""
    mcp_backend.bodies.clear()

    path = PATHS[endpoint].removeprefix("/v1/")
    response = post(mcp_proxy, path, model=alias, tools=NO_TOOLS, temperature=1.0, stream=stream, **BODIES[endpoint])

    (body,) = mcp_backend.bodies
    assert (body["temperature"], json.dumps(body).count("Cite.")) == (0.6, 1)
    text = read_texts(endpoint, response.text, stream=stream)["content"]
    is_prefilled = "<think>" in json.dumps(body)
    assert FILTERED in text
    assert text.startswith(OPENING) == is_prefilled
    assert ("start" in response.headers["x-prompt-policy-applied"]) == is_prefilled
