"""Remove the code fence around a JSON answer."""

from __future__ import annotations

from typing import Final, Literal

from prompt_policy.kinds.base import Feed, Filter, FilterContext, FilterFactory, FilterSelector, Rule, Skip
from prompt_policy.kinds.filters.json_fence import JsonUnwrapper
from prompt_policy.wire import Json, JsonObject
from prompt_policy.wire.answers.chat import Channel
from prompt_policy.wire.requests.thinking import iterate_parameters

_JSON_TYPES: Final = ("json_object", "json_schema", "json")


class UnwrapJson(Rule):
    """Remove the code fence around a JSON answer.

    The rule acts only if the request demands JSON, and only on an answer that begins with the opening line of a fence:
    three or more backticks or tildes, with ``json``, ``json5`` or no name after them. The next visible character must
    begin a JSON value; without a name, an object or a list. The rule then removes

    - the whitespace before the fence, and the opening line;
    - the closing line, if only whitespace follows it, with the line end before it and the whitespace after it.

    Everything else is unchanged. If text follows the closing line, that line and the text stay: in a stream, the
    opening line is decided on before that text arrives. Backticks within a JSON string are text.

    - In a stream, the opening line is buffered, up to 1,024 characters; so is a line that may be the closing one. No
      other visible character is delayed.
    - The rule acts on content, not on reasoning.
    - The rule is skipped with logprobs, with formats that are not JSON (a grammar, a regular expression, a choice), and
      if the client prefilled the answer.
    """

    kind: Literal["unwrap_json"]

    def filter(self) -> FilterSelector:
        """Compile to one filter per choice."""

        def select_filter(context: FilterContext) -> FilterFactory | Skip | None:
            original = context.request.original
            if not original.traits.json_mode:
                return None
            if not _demands_json(original.body):
                return Skip("the format is not JSON")
            if original.traits.token_data:
                return Skip(original.traits.token_data)
            if original.is_prefilled:
                return Skip("the client prefilled the answer")
            return JsonFenceFilter

        return select_filter


class JsonFenceFilter(Filter):
    """The filter of one choice: unwraps its content."""

    def __init__(self) -> None:
        self._unwrapper = JsonUnwrapper()

    def open(self, channel: Channel) -> Feed | None:
        """Return the function that unwraps content; None for reasoning."""
        return self._unwrapper.feed if channel == "content" else None

    def feed(self, channel: Channel, text: str) -> str:
        """Return the text without the lines of a fence. A line that may be one is buffered."""
        return self._unwrapper.feed(text) if channel == "content" else text

    def flush(self, channel: Channel) -> str:
        """Return the buffered text that is not part of a fence."""
        return self._unwrapper.flush() if channel == "content" else ""

    def can_pass_through(self, channel: Channel) -> bool:
        """Return whether the rest of the text is unchanged."""
        return channel != "content" or self._unwrapper.is_done


def _demands_json(body: JsonObject) -> bool:
    """Return whether a format in the request is JSON, under any server's name for it."""
    return any(_has_json_format(parameters) for _path, parameters in iterate_parameters(body))


def _has_json_format(parameters: JsonObject) -> bool:
    get = parameters.get
    formats = (
        get("response_format"),
        _get(get("text"), "format"),  # Responses
        _get(get("output_config"), "format"),  # Messages
        get("output_format"),
        get("grammar"),  # TGI
    )
    schemas = (
        _get(get("structured_outputs"), "json"),  # vLLM
        _get(get("structured_outputs"), "json_object"),
        get("guided_json"),
        get("guided_json_object"),
        get("json_schema"),  # SGLang, llama.cpp
    )
    is_ollama = get("format") == "json" or isinstance(get("format"), dict)
    return is_ollama or any(map(_is_json_format, formats)) or any(map(_is_schema, schemas))


def _is_json_format(value: Json) -> bool:
    """Return whether a format is of a JSON type; LiteLLM's Python API also accepts a class."""
    return isinstance(value, type) or value in _JSON_TYPES or _get(value, "type") in _JSON_TYPES


def _is_schema(value: Json) -> bool:
    return value is not None and value is not False and value != ""


def _get(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, dict) else None
