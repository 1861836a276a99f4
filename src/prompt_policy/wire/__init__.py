"""What the bytes mean: one view of a request and its answer for all API formats."""

from prompt_policy.wire.requests.base import Change, Endpoint, Request
from prompt_policy.wire.requests.chat import ChatRequest
from prompt_policy.wire.requests.completions import CompletionsRequest
from prompt_policy.wire.requests.messages import MessagesRequest
from prompt_policy.wire.requests.responses import ResponsesRequest
from prompt_policy.wire.requests.turn import Turn
from prompt_policy.wire.values import MISSING, Json, JsonObject

__all__ = [
    "MISSING",
    "Change",
    "ChatRequest",
    "CompletionsRequest",
    "Endpoint",
    "Json",
    "JsonObject",
    "MessagesRequest",
    "Request",
    "ResponsesRequest",
    "Turn",
    "create_request",
]

_REQUEST_TYPES: dict[Endpoint, type[Request]] = {
    "chat": ChatRequest,
    "completions": CompletionsRequest,
    "responses": ResponsesRequest,
    "messages": MessagesRequest,
}


def create_request(body: JsonObject, endpoint: Endpoint) -> Request:
    """Return a view of a request body in the format of its endpoint."""
    return _REQUEST_TYPES[endpoint](body)
