"""The names by which both trees are used: the one place to edit when a rewrite moves or renames something.

Each entry lists the places where a tree may define a name, the newest first. Public import paths need no entry.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

DECISION_LOGGER: Final = "prompt_policy.decision"
LOGGER: Final = "prompt_policy"
LIBRARY_FOLDERS: Final = ("policies", "src/prompt_policy/library")
"""Where a tree has the shipped policies."""

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "open_exchange": ("prompt_policy.runtime.exchange:open_exchange",),
    "Resolver": (
        "prompt_policy.runtime.resolver:PolicyResolver",
        "prompt_policy.runtime.resolver:Policing",
        "prompt_policy.runtime.policing:Policing",
    ),
}
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Stream.flush": ("flush", "end"),
    "Pipeline.can_reject": ("can_reject", "may_reject", "may_refuse"),
    "Applied.answer": ("create_filters", "response_rewriter", "answer_rewriter", "filters_for_answer", "answer"),
    "Applied.refusal": ("rejection", "refusal"),
    "Exchange.refusal": ("rejection", "refusal"),
    "Exchange.answer_headers": ("response_headers", "answer_headers"),
    "Exchange.rewrites": ("rewrites_response", "rewrites"),
    "Exchange.form": ("response_mode", "form"),
    "Exchange.whole": ("rewrite_body", "whole"),
    "Exchange.stream": ("create_stream_rewriter", "stream"),
}
_TEXTS: Final[tuple[tuple[str, str], ...]] = (
    ("a compressed request cannot be policed: send it as it is",
     "compressed requests are not supported; send the body uncompressed"),
    ("the request's JSON is nested too deeply for its policy to be applied",
     "request body rejected: the JSON is nested too deeply; reduce the nesting"),
    ("the request's JSON is not read alike by every server, so its policy cannot be applied: it has bytes that are no "
     "UTF-8, a number of more than 4,300 digits, or something after its end",
     "request body rejected: parsers disagree on this JSON (invalid UTF-8, a number over 4,300 digits, or trailing "
     "data); send standard JSON"),
    ("the request names no model, and its policy is chosen by that name: give one",
     "`model` is required: the policy is selected by model name"),
    ("the request is signed, so its policy cannot be applied: sign it behind the policy",
     "the request is signed, so the policy cannot change it; sign requests after the policy"),
    ("failed on this request, which is refused (on_error: closed)",
     "failed with an internal error; the request is refused (on_error: closed)"),
)  # fmt: skip
"""Texts for clients that were reworded: the old text, and the new one."""
_LENGTH: Final = re.compile(r'("content-length", )"\d+"')
_RECORD_KEYS: Final = (("not_spared", "denied_skips"),)
"""Keys of the decision log that were renamed: the old name, and the new one."""
_POLICY_KEYS: Final[Mapping[str, str]] = {"skippable": "may_skip", "claim": "says"}
"""Keys of a policy file that were renamed: the new name, and the old one."""
_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "may_skip": ("may_skip", "skippable", "allowed_skips"),
    "skips": ("requested_skips", "skips", "skip"),
}


def internal(name: str) -> Any:
    """Return an internal of the tree by its key in the table. Raise ImportError if it is in none of the places."""
    for place in _PLACES[name]:
        module, _, attribute = place.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"{name} is in none of {', '.join(_PLACES[name])}; add its new place to adapters.py")


def member(owner: Any, name: str) -> Any:
    """Return a member of an object by its key in the table. Raise AttributeError if it has none of the names."""
    for each in _MEMBERS[name]:
        if hasattr(owner, each):
            return getattr(owner, each)
    raise AttributeError(f"{type(owner).__name__} has no {name}; add its new name to adapters.py")


def normalize(result: str) -> str:
    """Return a result, as JSON, with the newest texts and keys; the length of a body with such a text is left out."""
    for old, new in _RECORD_KEYS:
        result = result.replace(old, new)
    for old, new in _TEXTS:
        if old in result or new in result:
            result = _LENGTH.sub(r'\1"(of a text that was reworded)"', result.replace(old, new))
    return result


def open_exchange(*args: Any, require_model: bool, **options: Any) -> Any:
    """Open an exchange; ``require_model`` is passed under the name that the tree gives it."""
    function = internal("open_exchange")
    known = inspect.signature(function).parameters
    name = next(each for each in ("require_model", "must_name_model") if each in known)
    return function(*args, **options, **{name: require_model})


def can_reject(pipeline: Any, body: Any, endpoint: str, context: Any) -> bool:
    """Return a pipeline's prediction of a refusal; newer trees take a function that returns the context."""
    predict = member(pipeline, "Pipeline.can_reject")
    takes_function = "build_context" in inspect.signature(predict).parameters
    return bool(predict(body, endpoint, (lambda: context) if takes_function else context))


def build_facts(values: Mapping[str, Any]) -> Any:
    """Return the tree's RequestContext with some values; lists become tuples."""
    import prompt_policy

    exported = vars(prompt_policy)
    context_class = exported.get("RequestContext") or exported["Facts"]
    fields = context_class._fields
    named: dict[str, Any] = {}
    for key, value in values.items():
        name = next(each for each in _FACTS.get(key, (key,)) if each in fields)
        named[name] = tuple(value) if isinstance(value, list) else value
    return context_class(**named)


def library_folder(tree: Path) -> Path:
    """Return the folder of a tree's shipped policies. Raise FileNotFoundError if it has none."""
    for name in LIBRARY_FOLDERS:
        if (tree / name).is_dir():
            return tree / name
    raise FileNotFoundError(f"{tree} has no shipped policies; add their folder to adapters.py")


def spellings(policy: Any) -> list[Any]:
    """Return a policy as each version of the language writes it: as it is, with the old keys, with the new ones."""
    renamed = {old: new for new, old in _POLICY_KEYS.items()}
    return [policy, _with_keys(policy, _POLICY_KEYS), _with_keys(policy, renamed)]


def _with_keys(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _with_keys(inner, names) for key, inner in value.items()}
    return [_with_keys(inner, names) for inner in value] if isinstance(value, list) else value
