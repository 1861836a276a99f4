"""Scaffold a policy that extends a shipped one, with its rules in comments to be replaced."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from prompt_policy.kinds import Rule
from prompt_policy.policy.model import Policy
from prompt_policy.yaml_model import list_texts

_TOP = """\
# {name}: {description}
# Extends the shipped policy {base}. `prompt-policy check FILE` finds errors, `prompt-policy test FILE` runs the cases
# below, `prompt-policy explain FILE --request REQUEST.json` shows how a request is changed.
version: 1
name: {name}
description: {description}
extends: {base}            # inherits its rules, mode and engine, including future changes
mode: enforce              # audit: decide and log, change nothing
applies_to:
  models: {models}
"""
_RULES = """\
# The rules of {base}, in order. To replace one, uncomment `rules:` and that rule. Rules with other names are appended,
# and `remove:` drops rules.
#remove: [{names}]
#rules:
"""
_TESTS = """\
tests:
  - name: a request for this policy
    request: {{model: {model}, messages: [{{role: user, content: Hi}}]}}
    expect: {{}}           # request: ..., absent: [...], fired: [...], unchanged: true, refused: ..., content: ...
"""


class _Dumper(yaml.SafeDumper):
    """Writes strings with line breaks in double quotes."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def scaffold_policy(policy: Policy, name: str) -> str:
    """Return the text of a policy file, with a name of its own, that extends a shipped policy."""
    return "".join(_render_parts(policy, name))


def _render_parts(policy: Policy, name: str) -> Iterator[str]:
    base = policy.name
    shipped = policy.applies_to.models[:1] if policy.applies_to else ()
    models = [f"{pattern}-mine" for pattern in shipped] or ["my-*"]
    models_yaml = yaml.safe_dump(models, default_flow_style=True, allow_unicode=True).strip()
    yield _TOP.format(name=name, base=base, description=_to_one_line(policy.description) or base, models=models_yaml)
    if policy.rules:
        yield _RULES.format(base=base, names=", ".join(rule.name for rule in policy.rules))
    for rule in policy.rules:
        yield "".join(f"#{line}\n" for line in _dump_rule(rule))
    yield _TESTS.format(model=models[0].replace("*", ""))


def _dump_rule(rule: Rule) -> list[str]:
    keys = rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name, texts in list_texts(rule):
        if list(texts) == [""]:  # one text for every language, which YAML has without a code
            keys[name] = texts[""]
    return yaml.dump([keys], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).splitlines()


def _to_one_line(text: str) -> str:
    return yaml.safe_dump(" ".join(text.split()), allow_unicode=True, width=10_000).splitlines()[0]
