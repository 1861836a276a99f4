"""The chat template of a checkpoint on disk, rendered by transformers as an engine renders it, without the weights."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from prompt_policy.errors import UsageError
from prompt_policy.probe.behaviour import OPENING
from prompt_policy.probe.client import RequestRejected
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.values import Json, JsonObject

if TYPE_CHECKING:
    from jinja2.nodes import Node

_CLOSING_TAG: Final = re.compile(r"</([a-z:_]{0,12}th(?:ink|ought)[a-z]{0,4})>", re.IGNORECASE)
# Variables that every engine sets; all others come from the request.
_STANDARD_VARIABLES: Final = frozenset({
    "messages", "tools", "documents", "add_generation_prompt", "continue_final_message", "bos_token", "eos_token",
    "pad_token", "unk_token", "raise_exception", "strftime_now", "date_string", "namespace", "range", "builtin_tools",
})  # fmt: skip
_SPECIAL_TOKENS: Final = ("bos_token", "eos_token", "pad_token", "unk_token")


@dataclass(frozen=True)
class CheckpointTemplate:
    """A chat template, with the special tokens that it may use."""

    source: str
    tokens: JsonObject

    def render_prompt(self, body: JsonObject) -> str:
        """Return the prompt for a chat request. Raise RequestRejected with the template's message."""
        from jinja2 import TemplateError

        render = _load_renderer()
        options = {"add_generation_prompt": True, **body}
        messages, switches = options.pop("messages"), options.pop("chat_template_kwargs", None) or {}
        try:
            rendered, _ = render(
                conversations=[messages], chat_template=self.source, **{**self.tokens, **options, **switches}
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise RequestRejected(str(error)) from None
        return str(rendered[0])

    @property
    def reasoning_tag(self) -> str | None:
        """The name of the tag around reasoning, such as ``think``, or None if the template has none."""
        match = _CLOSING_TAG.search(self.source)
        return match[1] if match else None

    @property
    def reasoning_opening(self) -> str:
        """The text with which reasoning begins."""
        return f"<{self.reasoning_tag}>\n" if self.reasoning_tag else OPENING

    @property
    def switches(self) -> list[str]:
        """The variables that a request can set in ``chat_template_kwargs``."""
        from jinja2 import Environment, TemplateError, meta

        try:
            parsed = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(self.source)
        except TemplateError:  # a tag that transformers adds; rendering supports it
            return []
        own = {name for name, is_read in _find_first_uses(parsed).items() if not is_read}
        return sorted(meta.find_undeclared_variables(parsed) - own - _STANDARD_VARIABLES)


def _find_first_uses(parsed: Node) -> dict[str, bool]:
    """Return whether a template reads a variable before it sets it, for each of its variables.

    Jinja regards a variable as undeclared if only a branch sets it, such as ``content`` inside a loop over messages.
    """
    from jinja2 import nodes

    first: dict[str, bool] = {}
    waiting = [parsed]
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Name):
            first.setdefault(node.name, node.ctx == "load")
        children = list(node.iter_child_nodes())
        in_order = children[::-1] if isinstance(node, nodes.Assign) else children  # a value is read before it is set
        waiting.extend(reversed(in_order))
    return first


def _load_renderer() -> Callable[..., Any]:
    """Return transformers' renderer, without its advice to install PyTorch, which templates do not need."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers.utils.chat_template_utils import render_jinja_template

    return cast("Callable[..., Any]", render_jinja_template)


def load_template(folder: Path) -> CheckpointTemplate | None:
    """Return a checkpoint's chat template, or None if it has none. Raise UsageError if a file is invalid."""
    config = read_json_object(folder, "tokenizer_config.json")
    source = next((text for text in _find_sources(folder, config) if text), None)
    return None if source is None else CheckpointTemplate(source, dict(_find_special_tokens(folder, config)))


def _find_sources(folder: Path, config: JsonObject) -> Iterator[str | None]:
    file = folder / "chat_template.jinja"
    if file.is_file():
        yield read_text_file(file)
    for container in (read_json_object(folder, "chat_template.json"), config):
        template = container.get("chat_template")
        if isinstance(template, list):  # several, each with a name
            by_name = {entry.get("name"): entry.get("template") for entry in template if isinstance(entry, dict)}
            template = by_name.get("default")
        yield template if isinstance(template, str) else None


def _find_special_tokens(folder: Path, config: JsonObject) -> Iterator[tuple[str, Json]]:
    known = {**read_json_object(folder, "special_tokens_map.json"), **config}
    for name in _SPECIAL_TOKENS:
        token = known.get(name)
        text = token.get("content") if isinstance(token, dict) else token
        yield name, text if isinstance(text, str) else ""


def read_json_object(folder: Path, name: str) -> JsonObject:
    """Return the JSON object in a checkpoint's file, or an empty one if there is no such file."""
    file = folder / name
    if not file.is_file():
        return {}
    value = load_json(read_text_file(file).encode())
    if not isinstance(value, dict):
        raise UsageError(f"{file}: does not contain a JSON object")
    return value


def read_text_file(file: Path) -> str:
    """Return a file's text. Raise UsageError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not valid UTF-8") from None
