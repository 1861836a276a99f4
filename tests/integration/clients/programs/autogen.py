"""AutoGen's AssistantAgent with the OpenAI client of autogen-ext: ``run`` and ``run_stream``."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import openai
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import ModelFamily, ModelInfo
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient

from tests.integration.clients.programs.common import DESCRIPTION, TOOL, Event, dump, run_cases


@functools.cache
def build_http_client() -> openai.DefaultAsyncHttpxClient:
    """Return the HTTP client of all cases."""
    return openai.DefaultAsyncHttpxClient()


async def run_case(settings: dict[str, Any], case: dict[str, Any]) -> list[Event]:
    """Hold one conversation."""

    def get_weather(city: str) -> str:
        return str(settings["result"])

    client = OpenAIChatCompletionClient(
        model=case["model"], base_url=f"{settings['url']}/v1", api_key=settings["key"], max_retries=0,
        http_client=build_http_client(), include_name_in_message=False, **case["sampling"],
        model_info=ModelInfo(vision=False, function_calling=True, json_output=True, structured_output=True,
                             family=ModelFamily.UNKNOWN, multiple_system_messages=True),
    )  # fmt: skip
    tools: list[Any] = [FunctionTool(get_weather, DESCRIPTION, name=TOOL)] if case["tools"] else []
    agent = AssistantAgent(
        "assistant", client, tools=tools, system_message=case["system"], max_tool_iterations=5,
        model_client_stream=case["stream"],
    )  # fmt: skip
    events: list[Event] = []
    async for message in agent.run_stream(task=case["prompt"]):
        fields = {"type": type(message).__name__, **dump(message)}
        if fields["type"] == "ModelClientStreamingChunkEvent":
            fields = {"type": fields["type"], "block": "stream", "delta": fields["content"]}
        elif fields["type"] == "ThoughtEvent":
            fields |= {"block": fields["id"], "delta": fields.pop("content")}
        events.append(fields)
    context = await agent.model_context.get_messages()
    usage = client.total_usage()
    counts = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    return [*events, {"type": "result", "history": [dump(each) for each in context], "usage": counts}]


if __name__ == "__main__":
    with asyncio.Runner() as runner:
        run_cases(lambda settings, case: runner.run(run_case(settings, case)))
