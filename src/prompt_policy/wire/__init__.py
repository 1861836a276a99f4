"""What the bytes mean: one view of a request and its answer, whatever the API shape."""

from prompt_policy.wire.chat import ChatRequest
from prompt_policy.wire.completions import CompletionsRequest
from prompt_policy.wire.messages import MessagesRequest
from prompt_policy.wire.request import Change, Endpoint, Request
from prompt_policy.wire.responses import ResponsesRequest
from prompt_policy.wire.turn import Turn
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
    "request_view",
]

_VIEWS: dict[Endpoint, type[Request]] = {
    "chat": ChatRequest,
    "completions": CompletionsRequest,
    "responses": ResponsesRequest,
    "messages": MessagesRequest,
}


def request_view(body: JsonObject, endpoint: Endpoint) -> Request:
    """Return the view of a request body for the endpoint that it was sent to."""
    return _VIEWS[endpoint](body)
