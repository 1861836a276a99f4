"""LlamaIndex' OpenAILike, with both HTTP clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from tests.integration.frameworks.answers import QUESTION, check_rewritten
from tests.support.policies import MODEL

MESSAGES = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=QUESTION)]


@pytest.fixture
def model(serve: Callable[..., str], http_clients: tuple[Any, Any]) -> OpenAILike:
    clients = dict(zip(("http_client", "async_http_client"), http_clients, strict=True))
    return OpenAILike(
        model=MODEL, api_base=f"{serve()}/v1", api_key="none", is_chat_model=True, temperature=1.3, **clients
    )


def test_chat(model: OpenAILike) -> None:
    check_rewritten(str(model.chat(MESSAGES).message.content))


def test_stream_chat(model: OpenAILike) -> None:
    check_rewritten("".join(chunk.delta or "" for chunk in model.stream_chat(MESSAGES)))


async def test_achat(model: OpenAILike) -> None:
    check_rewritten(str((await model.achat(MESSAGES)).message.content))


async def test_astream_chat(model: OpenAILike) -> None:
    stream = await model.astream_chat(MESSAGES)
    check_rewritten("".join([chunk.delta or "" async for chunk in stream]))
