"""Ends LiteLLM's streams early, as if the provider had ended them.

``wire.endings.chat`` decides what remains of a chunk; here LiteLLM's objects are converted to its chunks and back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import litellm

from prompt_policy.litellm.answers import copy_with, read_fields
from prompt_policy.wire import JsonObject
from prompt_policy.wire.endings import StreamEnding

log = logging.getLogger("prompt_policy")


class LiteLLMChunkEnding:
    """Ends the choices of one streamed answer."""

    def __init__(self, ending: StreamEnding) -> None:
        self._ending = ending

    def feed(self, chunk: Any) -> Iterable[Any]:
        """Return the chunks in place of one; only the same object if it passes, none once the answer has ended."""
        choices = getattr(chunk, "choices", None) or []
        views = [_view_choice(choice) for choice in choices]
        view: JsonObject = {"choices": views}
        remaining = self._ending.feed(view)
        if len(remaining) == 1 and remaining[0] is view:
            return (chunk,)
        originals = {id(each): choice for each, choice in zip(views, choices, strict=True)}
        return [_build_chunk(chunk, changed["choices"], originals) for changed in remaining]


def _view_choice(choice: Any) -> JsonObject:
    """Return a choice as JSON of a chunk, as far as its end is concerned."""
    view = dict(read_fields(choice))
    if (delta := view.get("delta")) is not None:
        view["delta"] = read_fields(delta)
    return view


def _build_chunk(chunk: Any, views: list[JsonObject], originals: dict[int, Any]) -> Any:
    """Return a copy of a chunk with other choices; a choice that passes is the same object."""
    template = next(iter(originals.values()))
    choices = [originals.get(id(view)) or _build_choice(template, view) for view in views]
    return copy_with(chunk, {"choices": choices} | ({"usage": None} if getattr(chunk, "usage", None) else {}))


def _build_choice(template: Any, view: JsonObject) -> Any:
    """Return a choice of the template's class with the fields of a view."""
    fields = {**view, "delta": copy_with(type(template.delta)(), view["delta"])} if "delta" in view else view
    return copy_with(template, {"logprobs": None, **fields})


async def close_stream(items: Any, logging_obj: Any) -> None:
    """Close a provider's stream, and log the part of the answer that arrived.

    LiteLLM logs a stream, and counts its tokens and costs, only if it reads the stream to its end.

    Arguments:
        items: LiteLLM's wrapper of the stream, or another iterator.
        logging_obj: the request's logging object, or None.
    """
    if (aclose := getattr(items, "aclose", None)) is not None:
        await aclose()
    chunks = getattr(items, "chunks", None)
    if logging_obj is None or not isinstance(chunks, list) or not chunks:
        return
    log_success = getattr(logging_obj, "dispatch_success_handlers", None) or logging_obj.async_success_handler
    try:
        await log_success(litellm.stream_chunk_builder(chunks, getattr(items, "messages", None)))
    except Exception as error:  # noqa: BLE001 - LiteLLM's, or a callback's; the client has its answer
        log.warning("LiteLLM cannot log an ended answer: %s", type(error).__name__)
