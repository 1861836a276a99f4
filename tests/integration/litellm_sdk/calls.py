"""Calls of LiteLLM's SDK, each of which returns the text that its caller reads."""

from __future__ import annotations

from typing import Any

import litellm

from tests.support.fake_backend import FakeBackend
from tests.support.policies import MODEL

SYSTEM, USER = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}


def build_arguments(backend: FakeBackend, provider: str = "hosted_vllm", **more: Any) -> dict[str, Any]:
    """Return the arguments that every call shares; the policy of the model changes the temperature."""
    server = {"api_base": f"{backend.url}/v1", "api_key": "none"}
    return {"model": f"{provider}/{MODEL}", "temperature": 1.3, **server, **more}


async def call_acompletion(*, stream: bool, **arguments: Any) -> str:
    """Return the content of an answer to an asynchronous chat."""
    answer = await litellm.acompletion(messages=[SYSTEM, USER], stream=stream, **arguments)
    if stream:
        return "".join([_read_delta(chunk) async for chunk in answer])
    return str(answer.choices[0].message.content)


def call_completion(*, stream: bool, **arguments: Any) -> str:
    """Return the content of an answer to a synchronous chat."""
    answer = litellm.completion(messages=[SYSTEM, USER], stream=stream, **arguments)
    return "".join(map(_read_delta, answer)) if stream else str(answer.choices[0].message.content)


async def call_aresponses(*, stream: bool, **arguments: Any) -> str:
    """Return the text of an answer on Responses."""
    answer = await litellm.aresponses(input=[USER], instructions=SYSTEM["content"], stream=stream, **arguments)
    if stream:
        return "".join([event.delta async for event in answer if event.type == "response.output_text.delta"])
    messages = [item for item in answer.model_dump()["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in messages for part in item["content"])


async def call_messages(*, stream: bool, **arguments: Any) -> str:
    """Return the answer on Messages, as LiteLLM returns it."""
    answer = await litellm.anthropic.messages.acreate(
        messages=[USER], system=SYSTEM["content"], max_tokens=99, stream=stream, **arguments
    )
    return str([piece async for piece in answer]) if stream else str(answer)


def _read_delta(chunk: Any) -> str:
    return chunk.choices[0].delta.content or "" if chunk.choices else ""
