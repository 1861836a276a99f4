"""A draft of a policy from a checkpoint's own files: what they say is set, what a person must decide is marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.checkpoint import Checkpoint
from prompt_policy.probe.local_template import LocalTemplate, json_in, template_in
from prompt_policy.probe.server import Refused
from prompt_policy.probe.template import USER, Behaviour, template_behaviour
from prompt_policy.wire.values import Json, JsonObject

FILES: Final = ("generation_config.json", "config.json", "tokenizer_config.json", "chat_template.jinja")
MISSING: Final = "the chat template was not rendered: pip install 'prompt-policy[templates]'"

_SAMPLING: Final = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty",
                    "frequency_penalty")  # fmt: skip
_NEUTRAL: Final = {"repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0}
_TOP: Final = """\
# DRAFT, from the files of the checkpoint {folder}. Lines with DECIDE are for a person who has read the makers' page;
# then take out this comment. `prompt-policy check --strict {file}` names every rule that still lacks a source.
version: 1
name: {name}
description: {title}
# DECIDE: who says so. A rule's figure counts once its source is named here.
#sources:
#  - url: https://huggingface.co/OWNER/{hub}
#    date: 2026-01-31            # the day of the revision that says it
#    says: What it says, in your own words.
#    for: [{rules}]
applies_to:
  models: [{pattern}]            # DECIDE: the other names that it goes by, and what is not meant (except:)
"""


@dataclass(frozen=True)
class _Found:
    """What the checkpoint's files say."""

    sampling: JsonObject
    greedy: bool
    longest: Json
    template: LocalTemplate | None
    behaviour: Behaviour
    trouble: str
    """Why nothing is known of the template; empty where it is."""
    checkpoint: Checkpoint

    @property
    def folds(self) -> bool:
        """Whether system messages must be folded for the request to pass, or for their text to arrive."""
        return self.behaviour.system.startswith(("refused", "lost"))


def drafted(folder: Path, name: str | None, file: str | None) -> tuple[str, str]:
    """Return a name, and the text of a policy file by that name for the model in a folder.

    ``file`` is what the text calls itself; not given: the name with ``.yaml``. Raise UsageError for a
    folder that holds no checkpoint.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give that of a checkpoint, with its config.json")
    if not any((folder / known).is_file() for known in FILES):
        raise UsageError(f"{folder}: holds none of {', '.join(FILES)}: is it a checkpoint's folder?")
    title = _title(folder)
    name = name or re.sub(r"[^a-z0-9._-]+", "-", title.casefold()).strip("-._")[:64] or "draft"
    return name, "".join(_parts(title, name, file or f"{name}.yaml", _found(folder)))


def _title(folder: Path) -> str:
    """Return the model's name: the folder's, or in a hub's cache that of the repository."""
    for part in reversed(folder.resolve().parts):
        if part.startswith("models--"):
            return part.split("--")[-1]
    return folder.resolve().name


def _found(folder: Path) -> _Found:
    generation = json_in(folder, "generation_config.json")
    template, behaviour, trouble = template_in(folder), Behaviour(), ""
    if template is not None:
        try:
            template.prompt({"messages": [USER]})
            behaviour = template_behaviour(template, template.opening)
        except ImportError:
            trouble = MISSING
        except Refused as refused:
            trouble = f"the template refuses even a single user turn: {refused}"
    return _Found(
        sampling={key: generation[key] for key in _SAMPLING if _is_set(key, generation.get(key))},
        greedy=generation.get("do_sample") is False,
        longest=generation.get("max_new_tokens"),
        template=template,
        behaviour=behaviour,
        trouble=trouble,
        checkpoint=Checkpoint(folder, json_in(folder, "config.json")),
    )


def _is_set(key: str, value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != _NEUTRAL.get(key)


def _parts(title: str, name: str, file: str, found: _Found) -> Iterator[str]:
    rules = [*(["sampling"] if found.sampling else []), *(["no-system-prompt"] if found.folds else [])]
    yield _TOP.format(
        folder=title, file=file, name=name, title=json.dumps(title), hub=title, rules=", ".join(rules),
        pattern=json.dumps(f"*{title}*"),
    )  # fmt: skip
    yield from (f"# {line}\n" for line in _remarks(found))
    yield "rules:\n" if rules else "rules: []\n"
    if found.sampling:
        yield "  - name: sampling\n    kind: clamp\n"
        yield "    parameters:        # the defaults of generation_config.json; DECIDE: ranges?\n"
        yield from (f"      {key}: {{default: {json.dumps(value)}}}\n" for key, value in found.sampling.items())
    if found.folds:
        yield f"  # The template: system messages are {found.behaviour.system}.\n"
        yield '  - name: no-system-prompt\n    kind: fold_system\n    into: first_user\n    separator: "\\n\\n"\n'
    yield from _proposals(found)
    yield from _cases(title, found)


def _remarks(found: _Found) -> Iterator[str]:
    if facts := list(_facts(found.checkpoint)):
        yield f"config.json: {', '.join(facts)}."
    if not found.sampling:
        there = (found.checkpoint.folder / "generation_config.json").is_file()
        yield f"generation_config.json {'says nothing of sampling' if there else 'is not there'}."
    if found.greedy:
        yield "generation_config.json says do_sample: false. DECIDE: is greedy decoding meant, or the file's default?"
    if isinstance(found.longest, int):
        yield f"generation_config.json limits an answer to {found.longest} tokens, which vLLM enforces by itself."
    if found.template is None:
        yield "There is no chat template: chats will fail without one."
        return
    if found.trouble == MISSING:
        yield f"DECIDE: {MISSING}."
        return
    tag = found.template.tag
    decide = "DECIDE: engine: {reasoning_parser: ...}"
    yield f"The template knows thoughts by <{tag}>. {decide}." if tag else "The template knows no thoughts."
    if found.template.switches:
        yield f"A request may set in chat_template_kwargs: {', '.join(found.template.switches)}."
    if found.trouble:
        yield f"DECIDE: {found.trouble}."
        return
    opens = found.behaviour.opens
    told = {
        "opens the answer with": opens if opens == "nothing" else json.dumps(opens),
        "a system message": found.behaviour.system,
        "two system messages": found.behaviour.two_systems,
        "two user turns in a row": found.behaviour.two_users,
        "thoughts of earlier turns": found.behaviour.old_thoughts,
        f"a prefilled {json.dumps(found.template.opening)}": found.behaviour.prefill,
    }
    yield "What the template does:"
    yield from (f"  {what}: {result}" for what, result in told.items())


def _facts(checkpoint: Checkpoint) -> Iterator[str]:
    architectures = checkpoint.config.get("architectures")
    if isinstance(architectures, list) and architectures:
        yield str(architectures[0])
    if checkpoint.max_model_len:
        yield f"{checkpoint.max_model_len} tokens of context"
    if checkpoint.quantization:
        yield checkpoint.quantization


def _proposals(found: _Found) -> Iterator[str]:
    if found.template is None:
        return
    several = found.behaviour.two_systems
    if not found.folds and several.startswith(("refused", "lost")):
        yield f"  # DECIDE: of two system messages one is {several}.\n"
        yield '  #- {name: no-system-prompt, kind: fold_system, into: first_user, separator: "\\n\\n"}\n'
    if found.template.tag and found.behaviour.old_thoughts == "kept":
        yield "  # DECIDE: should thoughts of earlier turns be sent back? The template keeps them.\n"
        yield "  #- {name: forget-old-thoughts, kind: strip_reasoning}\n"
    if found.template.tag and found.behaviour.opens == "nothing" and found.behaviour.prefill == "kept":
        yield "  # DECIDE: must thinking be forced? The template does not open it, and a prefill survives.\n"
        opening = json.dumps(found.template.opening)
        yield f"  #- {{name: start-thinking, kind: force_opening, text: {opening}, method: prefill}}\n"


def _cases(title: str, found: _Found) -> Iterator[str]:
    model, hi = json.dumps(title), "messages: [{role: user, content: Hi}]"
    given = ", ".join(f"{key}: {json.dumps(value)}" for key, value in found.sampling.items())
    yield "tests:\n"
    if found.sampling:
        yield "  - name: what is missing is set\n"
        yield f"    request: {{model: {model}, {hi}}}\n    expect: {{request: {{{given}}}, fired: [sampling]}}\n"
    if found.folds:
        system = "messages: [{role: system, content: Be brief.}, {role: user, content: Hi}]"
        folded = '{messages: [{role: user, content: "Be brief.\\n\\nHi"}]}'
        yield "  - name: a system message goes into the user's turn\n"
        yield f"    request: {{model: {model}, {system}{', ' if given else ''}{given}}}\n"
        yield f"    expect: {{request: {folded}, fired: [no-system-prompt]}}\n"
    yield "  - name: a request that has all it needs stays as it is\n"
    yield f"    request: {{model: {model}, {hi}{', ' if given else ''}{given}}}\n    expect: {{unchanged: true}}\n"
