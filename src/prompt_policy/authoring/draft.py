"""Draft a policy from a checkpoint's own files; decisions that need a person are marked with DECIDE."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.checkpoint import Checkpoint
from prompt_policy.probe.behaviour import Behaviour, probe_template
from prompt_policy.probe.checkpoint_template import CheckpointTemplate, load_template, read_json_object
from prompt_policy.wire.values import Json, JsonObject

CHECKPOINT_FILES: Final = ("generation_config.json", "config.json", "tokenizer_config.json", "chat_template.jinja")
TEMPLATE_NOT_RENDERED: Final = "the chat template was not rendered: pip install 'prompt-policy[templates]'"

_GGUF_SUFFIX: Final = ".gguf"
_MAX_NAME_LENGTH: Final = 64
_MAX_QUOTED: Final = 200
SAMPLING: Final = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty",
                   "frequency_penalty")  # fmt: skip
_ENGINE_DEFAULTS: Final = {"repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0}
_TOP: Final = """\
# DRAFT, from the files of the checkpoint {folder}. Lines with DECIDE need a decision by someone who has read the
# model card; remove this comment afterwards. `prompt-policy check --strict {file}` lists the rules without a source.
version: 1
name: {name}
description: {title}
# DECIDE: the sources. A rule needs a named source for its values.
#sources:
#  - url: https://huggingface.co/OWNER/{hub}
#    read: 2026-01-31            # the date of reading
#    says: What the source states, in your own words.
#    for: [{rules}]
applies_to:
  models: [{pattern}]            # DECIDE: its other names, and the names to exclude (except:)
"""


@dataclass(frozen=True)
class _CheckpointFacts:
    """The contents of a checkpoint's files."""

    sampling: JsonObject
    is_greedy: bool
    max_new_tokens: Json
    template: CheckpointTemplate | None
    behaviour: Behaviour
    template_error: str
    """Why the behaviour of the template is unknown; empty if it is known."""
    checkpoint: Checkpoint

    @property
    def needs_folding(self) -> bool:
        """Whether the template rejects or drops system messages, so they must be folded into a user turn."""
        return self.behaviour.system.startswith(("refused", "lost"))


def draft_policy(folder: Path, name: str | None, file: str | None) -> tuple[str, str]:
    """Return the name and the text of a policy file for the model in a folder.

    Arguments:
        folder: the folder of a checkpoint. Raise UsageError if it does not contain one.
        name: the name of the policy; None: derived from the folder's.
        file: the name of the file, as the text mentions it; None: the policy's name with ``.yaml``.
    """
    check_checkpoint(folder)
    title = find_model_title(folder)
    name = name or re.sub(r"[^a-z0-9._-]+", "-", title.casefold()).strip("-._")[:_MAX_NAME_LENGTH] or "draft"
    return name, "".join(_render_parts(title, name, file or f"{name}.yaml", _inspect_checkpoint(folder)))


def check_checkpoint(folder: Path) -> None:
    """Raise UsageError if a folder does not contain a checkpoint."""
    if any((folder / known).is_file() for known in CHECKPOINT_FILES):
        return
    if gguf := next(_list_gguf_files(folder), None):
        raise UsageError(
            f"{gguf} is a GGUF file, which is not read; give the folder of the checkpoint from which it was converted"
        )
    if folder.is_file():
        raise UsageError(f"{folder} is a file; give the folder of a checkpoint, with its config.json")
    if not folder.is_dir():
        raise UsageError(f"{folder} does not exist; give the folder of a checkpoint, with its config.json")
    raise UsageError(f"{folder} contains none of {', '.join(CHECKPOINT_FILES)}; give the folder of a checkpoint")


def _list_gguf_files(path: Path) -> Iterator[Path]:
    """Yield the path if it is a GGUF file, or the GGUF files in the folder."""
    files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    return (file for file in files if file.is_file() and file.suffix.lower() == _GGUF_SUFFIX)


def find_model_title(folder: Path) -> str:
    """Return the model's name: that of the folder or, in a Hugging Face cache, of the repository."""
    for part in reversed(folder.resolve().parts):
        if part.startswith("models--"):
            return part.split("--")[-1]
    return folder.resolve().name


def _inspect_checkpoint(folder: Path) -> _CheckpointFacts:
    generation = read_json_object(folder, "generation_config.json")
    template, behaviour, template_error = load_template(folder), Behaviour(), ""
    if template is not None:
        try:
            behaviour = probe_template(template, template.reasoning_opening)
        except ImportError:
            template_error = TEMPLATE_NOT_RENDERED
        if behaviour.rejection:
            template_error = f"the template rejects even a single user turn: {behaviour.rejection.rstrip('.')}"
    return _CheckpointFacts(
        sampling={key: generation[key] for key in SAMPLING if is_sampling_value(key, generation.get(key))},
        is_greedy=generation.get("do_sample") is False,
        max_new_tokens=generation.get("max_new_tokens"),
        template=template,
        behaviour=behaviour,
        template_error=template_error,
        checkpoint=Checkpoint(folder, read_json_object(folder, "config.json")),
    )


def is_sampling_value(key: str, value: Json) -> bool:
    """Return whether a value of generation_config.json differs from what engines do without it."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value != _ENGINE_DEFAULTS.get(key)


def _render_parts(title: str, name: str, file: str, facts: _CheckpointFacts) -> Iterator[str]:
    rules = [*(["sampling"] if facts.sampling else []), *(["no-system-prompt"] if facts.needs_folding else [])]
    yield _TOP.format(
        folder=title, file=file, name=name, title=json.dumps(title), hub=title, rules=", ".join(rules),
        pattern=json.dumps(f"*{title}*"),
    )  # fmt: skip
    yield from (f"# {line}\n" for line in _describe_facts(facts))
    yield "rules:\n" if rules else "rules: []\n"
    if facts.sampling:
        yield "  - name: sampling\n    kind: clamp\n"
        yield "    parameters:        # the defaults of generation_config.json; DECIDE: ranges?\n"
        yield from (f"      {key}: {{default: {json.dumps(value)}}}\n" for key, value in facts.sampling.items())
    if facts.needs_folding:
        yield f"  # The template: system messages are {facts.behaviour.system}.\n"
        yield '  - name: no-system-prompt\n    kind: fold_system\n    into: first_user\n    separator: "\\n\\n"\n'
    yield from _propose_rules(facts)
    yield from _render_cases(title, facts)


def _describe_facts(facts: _CheckpointFacts) -> Iterator[str]:
    """Yield the lines of the comment before the rules."""
    if settings := list(_describe_config(facts.checkpoint)):
        yield f"config.json: {', '.join(settings)}."
    if not facts.sampling:
        exists = (facts.checkpoint.folder / "generation_config.json").is_file()
        yield f"generation_config.json {'sets no sampling parameters' if exists else 'does not exist'}."
    if facts.is_greedy:
        yield "generation_config.json sets do_sample: false. DECIDE: is greedy decoding intended, or a file default?"
    if isinstance(facts.max_new_tokens, int):
        yield f"generation_config.json limits an answer to {facts.max_new_tokens} tokens, which vLLM enforces itself."
    if facts.template is None:
        yield "There is no chat template: chat requests will fail."
    elif facts.template_error == TEMPLATE_NOT_RENDERED:
        yield f"DECIDE: {TEMPLATE_NOT_RENDERED}."
    else:
        yield from _describe_template(facts.template, facts)


def _describe_template(template: CheckpointTemplate, facts: _CheckpointFacts) -> Iterator[str]:
    if tag := template.reasoning_tag:
        yield f"The template marks reasoning with <{tag}>. DECIDE: engine: {{reasoning_parser: ...}}."
    else:
        yield "The template does not support reasoning."
    if template.switches:
        yield f"A request may set in chat_template_kwargs: {', '.join(template.switches)}."
    if facts.template_error:
        yield f"DECIDE: {facts.template_error}."
        return
    opens = facts.behaviour.opens
    yield "Behaviour of the template:"
    yield f"  opens the answer with: {opens if opens == 'nothing' else json.dumps(opens)}"
    yield f"  a system message: {facts.behaviour.system}"
    if text := facts.behaviour.added_system:
        shown = json.dumps(shorten(text, _MAX_QUOTED, placeholder=" ..."), ensure_ascii=False)
        yield f"  without a system message: adds its own: {shown}"
        yield f"  an empty system message: {facts.behaviour.empty_system}"
    yield f"  two system messages: {facts.behaviour.two_systems}"
    yield f"  two user turns in a row: {facts.behaviour.two_users}"
    yield f"  reasoning of earlier turns: {facts.behaviour.earlier_reasoning}"
    yield f"  a prefilled {json.dumps(template.reasoning_opening)}: {facts.behaviour.prefill}"


def _describe_config(checkpoint: Checkpoint) -> Iterator[str]:
    architectures = checkpoint.config.get("architectures")
    if isinstance(architectures, list) and architectures:
        yield str(architectures[0])
    if checkpoint.max_model_len:
        yield f"{checkpoint.max_model_len} tokens of context"
    if checkpoint.quantization:
        yield checkpoint.quantization


def _propose_rules(facts: _CheckpointFacts) -> Iterator[str]:
    """Yield rules in comments that a person must decide on."""
    if facts.template is None:
        return
    two_systems = facts.behaviour.two_systems
    if not facts.needs_folding and two_systems.startswith(("refused", "lost")):
        yield f"  # DECIDE: of two system messages one is {two_systems}.\n"
        if facts.behaviour.added_system:
            yield "  # If all are moved, the template adds its own: DECIDE empty_system: true or false.\n"
        yield '  #- {name: no-system-prompt, kind: fold_system, into: first_user, separator: "\\n\\n"}\n'
        yield "  # Or keep one at the start, and move later ones:\n"
        yield "  #- {name: later-system-messages, kind: fold_system, which: later}\n"
        yield "  #- {name: one-system-message, kind: merge_turns, roles: system}\n"
    if facts.behaviour.two_users.startswith(("refused", "lost")):
        yield f"  # DECIDE: of two user turns in a row one is {facts.behaviour.two_users}.\n"
        yield "  #- {name: alternate, kind: merge_turns, roles: [user, assistant]}\n"
    if facts.template.reasoning_tag and facts.behaviour.earlier_reasoning == "kept":
        yield "  # DECIDE: should reasoning of earlier turns be sent back? The template preserves it.\n"
        yield "  #- {name: drop-earlier-reasoning, kind: strip_reasoning}\n"
    if facts.template.reasoning_tag and facts.behaviour.opens == "nothing" and facts.behaviour.prefill == "kept":
        yield "  # DECIDE: must thinking be forced? The template does not open it, and a prefill is preserved.\n"
        opening = json.dumps(facts.template.reasoning_opening)
        yield f"  #- {{name: start-thinking, kind: force_opening, text: {opening}, method: prefill}}\n"
    if facts.template.reasoning_tag and facts.behaviour.opens not in ("", "nothing"):
        yield "  # DECIDE: will servers have no reasoning parser? The template opens the tag, and answers lack it.\n"
        opening = json.dumps(facts.behaviour.opens)
        yield f"  #- {{name: restore-opening, kind: force_opening, text: {opening}, method: template}}\n"


def _render_cases(title: str, facts: _CheckpointFacts) -> Iterator[str]:
    model, greeting = json.dumps(title), "messages: [{role: user, content: Hi}]"
    sampling = ", ".join(f"{key}: {json.dumps(value)}" for key, value in facts.sampling.items())
    sampling_suffix = f", {sampling}" if sampling else ""
    yield "tests:\n"
    if facts.sampling:
        yield "  - name: missing parameters are set\n"
        yield f"    request: {{model: {model}, {greeting}}}\n"
        yield f"    expect: {{request: {{{sampling}}}, fired: [sampling]}}\n"
    if facts.needs_folding:
        system = "messages: [{role: system, content: Be brief.}, {role: user, content: Hi}]"
        folded = '{messages: [{role: user, content: "Be brief.\\n\\nHi"}]}'
        yield "  - name: a system message is folded into the user turn\n"
        yield f"    request: {{model: {model}, {system}{sampling_suffix}}}\n"
        yield f"    expect: {{request: {folded}, fired: [no-system-prompt]}}\n"
    yield "  - name: a request with all parameters passes unchanged\n"
    yield f"    request: {{model: {model}, {greeting}{sampling_suffix}}}\n    expect: {{unchanged: true}}\n"
