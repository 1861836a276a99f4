"""openai-agents, over chat and Responses: ``run`` and ``run_streamed``, whose runner calls the tools."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Any

import openai
from agents import (
    Agent,
    FunctionTool,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    set_tracing_disabled,
)

from tests.integration.clients.programs.common import DESCRIPTION, SCHEMA, TOOL, Event, dump, run_cases


@functools.cache
def build_client(url: str, key: str) -> openai.AsyncOpenAI:
    """Return the client of all cases."""
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


async def run_case(settings: dict[str, Any], case: dict[str, Any]) -> list[Event]:
    """Hold one conversation."""

    async def invoke(_context: Any, _arguments: str) -> str:
        return str(settings["result"])

    kind = OpenAIChatCompletionsModel if case["path"] == "chat" else OpenAIResponsesModel
    agent = Agent(
        "assistant",
        instructions=case["system"],
        model=kind(model=case["model"], openai_client=build_client(settings["url"], settings["key"])),
        model_settings=ModelSettings(include_usage=True, **case["sampling"]),
        tools=[FunctionTool(TOOL, DESCRIPTION, SCHEMA, invoke)] if case["tools"] else [],
    )
    events = []
    if case["stream"]:
        result: Any = Runner.run_streamed(agent, case["prompt"], max_turns=6)
        events = [event async for event in _describe_all(result.stream_events())]
    else:
        result = await Runner.run(agent, case["prompt"], max_turns=6)
    usage = result.context_wrapper.usage
    counts = {name: getattr(usage, name) for name in ("requests", "input_tokens", "output_tokens", "total_tokens")}
    end = {"type": "result", "history": result.to_input_list(), "usage": counts, "final_output": result.final_output}
    return [*events, end]


async def _describe_all(stream: AsyncIterator[Any]) -> AsyncIterator[Event]:
    turn = 0
    async for event in stream:
        if event.type == "run_item_stream_event":
            item = event.item.raw_item
            yield {"type": event.name, "item": item if isinstance(item, dict) else dump(item)}
        elif event.type == "raw_response_event":
            fields = dump(event.data)
            turn += event.data.type == "response.created"
            if event.data.type == "response.output_item.added":
                for name in ("summary", "content"):  # the client extends this item while the stream goes on
                    fields["item"].pop(name, None)
            if "output_index" in fields:
                fields["block"] = f"{turn}.{fields['output_index']}"
            yield fields


if __name__ == "__main__":
    set_tracing_disabled(disabled=True)
    with asyncio.Runner() as runner:
        run_cases(lambda settings, case: runner.run(run_case(settings, case)))
