"""Find where the files of a checkpoint disagree with a policy for its model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from prompt_policy.authoring.draft import SAMPLING, TEMPLATE_NOT_RENDERED, check_checkpoint, is_sampling_value
from prompt_policy.errors import Refusal
from prompt_policy.kinds import Rule
from prompt_policy.kinds.fold_system import FoldSystem
from prompt_policy.kinds.force_opening import ForceOpening
from prompt_policy.launcher.machine.checkpoint import Checkpoint
from prompt_policy.policy.model import Policy
from prompt_policy.probe.behaviour import USER_MESSAGE, Behaviour, probe_template
from prompt_policy.probe.checkpoint_template import CheckpointTemplate, load_template, read_json_object
from prompt_policy.probe.client import RequestRejected
from prompt_policy.runtime import Pipeline
from prompt_policy.wire.values import JsonObject
from prompt_policy.yaml_model import format_value

_TOOL: Final = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}
_CALL: Final = {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
_SYSTEM: Final = {"role": "system", "content": "alphamark"}
_ANSWER: Final = {"role": "assistant", "content": "betamark"}
_MODES: Final[tuple[JsonObject, ...]] = ({}, {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
                                         {"tools": [_TOOL]})  # fmt: skip
_CONVERSATIONS: Final[dict[str, list[JsonObject]]] = {
    "a user message": [USER_MESSAGE],
    "a system message": [_SYSTEM, USER_MESSAGE],
    "a developer message": [{**_SYSTEM, "role": "developer"}, USER_MESSAGE],
    "two system messages": [_SYSTEM, _SYSTEM, USER_MESSAGE],
    "a system message in mid-conversation": [_SYSTEM, USER_MESSAGE, _ANSWER, _SYSTEM, USER_MESSAGE],
    "two user messages in a row": [USER_MESSAGE, USER_MESSAGE],
}
_RENDERED: Final = frozenset(
    {"messages", "tools", "chat_template_kwargs", "add_generation_prompt", "continue_final_message"}
)
_TOOL_LOOP: Final[list[JsonObject]] = [
    USER_MESSAGE,
    {"role": "assistant", "content": "", "tool_calls": [_CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "gammamark"},
]


class Disagreement(NamedTuple):
    """A point on which a checkpoint and a policy disagree, in words."""

    file: str
    text: str


def diff_checkpoint(folder: Path, model: str, policy: Policy) -> tuple[list[Disagreement], list[str]]:
    """Return where a checkpoint disagrees with a policy, and the notes on what was not compared.

    Arguments:
        folder: the folder of the checkpoint. Raise UsageError if it does not contain one.
        model: the name under which requests are sent.
        policy: the policy, resolved.
    """
    check_checkpoint(folder)
    found = [*_compare_sampling(folder, model, policy), *_compare_length(folder, policy)]
    template, notes = load_template(folder), []
    if template is None:
        notes.append("the checkpoint has no chat template; templates were not compared")
    else:
        try:
            found += _compare_template(template, model, policy)
        except ImportError:
            notes.append(TEMPLATE_NOT_RENDERED)
    return found, notes


def _compare_sampling(folder: Path, model: str, policy: Policy) -> Iterator[Disagreement]:
    file = "generation_config.json"
    generation = read_json_object(folder, file)
    applied = [_apply(policy, {"model": model, "messages": [USER_MESSAGE], **keys}) for keys in _MODES]
    for name in SAMPLING:
        value, sent = generation.get(name), [body[name] for body in applied if body is not None and name in body]
        if is_sampling_value(name, value) and sent and value not in sent:
            shown = " or ".join(dict.fromkeys(map(format_value, sent)))
            yield Disagreement(file, f"{name} is {format_value(value)}; the policy sets {shown}")


def _compare_length(folder: Path, policy: Policy) -> Iterator[Disagreement]:
    length = Checkpoint(folder, read_json_object(folder, "config.json")).max_model_len
    wanted = policy.engine.get("max_model_len")
    if length and isinstance(wanted, int) and wanted > length:
        yield Disagreement("config.json", f"the context has {length} tokens; the policy asks for {wanted}")


def _compare_template(template: CheckpointTemplate, model: str, policy: Policy) -> Iterator[Disagreement]:
    """Render what the policy sends for typical conversations, and compare the rules with the template's behaviour."""
    file = "chat template"
    conversations: list[tuple[str, list[JsonObject], JsonObject]] = [
        *((name, messages, {}) for name, messages in _CONVERSATIONS.items()),
        ("a running tool loop", _TOOL_LOOP, {"tools": [_TOOL]}),
    ]
    for name, messages, keys in conversations:
        if (body := _apply(policy, {"model": model, "messages": messages, **keys})) is None:
            continue
        try:
            template.render_prompt(_parse_arguments({key: body[key] for key in _RENDERED & body.keys()}))
        except RequestRejected as error:
            yield Disagreement(file, f"rejects {name}, as the policy sends it: {error}")
    behaviour = probe_template(template, template.reasoning_opening)
    if behaviour.rejection:
        return  # reported above: a user message is rejected
    for rule in policy.rules:
        if rule.mode != "off" and (text := _compare_rule(rule, behaviour)):
            yield Disagreement(file, text)


def _parse_arguments(body: JsonObject) -> JsonObject:
    """Return a request whose tool calls have objects as arguments, which is what vLLM passes to a template."""

    def parse(message: Any) -> Any:  # noqa: ANN401 - a message of the conversations above
        calls = [{**call, "function": {**call["function"], "arguments": {}}} for call in message.get("tool_calls", ())]
        return {**message, "tool_calls": calls} if calls else message

    return {**body, "messages": [parse(message) for message in cast("list[Any]", body["messages"])]}


def _compare_rule(rule: Rule, behaviour: Behaviour) -> str | None:
    if isinstance(rule, ForceOpening):
        return _compare_opening(rule, behaviour.opens)
    if isinstance(rule, FoldSystem):
        remark = rule.check_default_system(behaviour.added_system, behaviour.honours_empty_system)
        return f"the rule {rule.name} {remark}" if remark else None
    return None


def _compare_opening(rule: ForceOpening, opens: str) -> str | None:
    shown = "nothing" if opens in ("", "nothing") else format_value(opens)
    if rule.method == "template" and opens.strip() != rule.text.strip():
        return f"opens the answer with {shown}; the rule {rule.name} restores {format_value(rule.text)}"
    return None


def _apply(policy: Policy, body: dict[str, Any]) -> JsonObject | None:
    """Return what the policy sends, or None if it rejects the request, which the template then never sees."""
    try:
        return dict(Pipeline(policy).apply(body, "chat").body)
    except Refusal:
        return None
