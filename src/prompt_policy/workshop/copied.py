"""A policy to start from: it extends a shipped one, and shows in comments what could be said otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from prompt_policy.kinds import Rule
from prompt_policy.policy.document import Policy

_TOP = """\
# {name}: {description}
# Begun as a copy of the shipped policy {base}. `prompt-policy check FILE` finds mistakes, `prompt-policy test FILE`
# runs the cases below, `prompt-policy explain FILE --request REQUEST.json` shows what becomes of a request.
version: 1
name: {name}
description: {description}
extends: {base}            # its rules, mode and engine; a change there is a change here
mode: enforce              # audit: decide and log, change nothing
applies_to:
  models: {models}
"""
_RULES = """\
# The rules of {base}, in their order. Uncomment `rules:` and one of them to replace it; rules of other names come
# after them, and `remove:` drops some.
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
    """Writes a text with line ends as people do: in double quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\n" in text else None)


_Dumper.add_representer(str, _text)


def copied(policy: Policy, name: str) -> str:
    """Return the text of a policy file of another name that extends a shipped one."""
    return "".join(_parts(policy, name))


def _parts(policy: Policy, name: str) -> Iterator[str]:
    base = policy.name
    models = [f"{pattern}-mine" for pattern in policy.applies_to.models] if policy.applies_to else ["my-*"]
    listed = yaml.safe_dump(models[:1], default_flow_style=True, allow_unicode=True).strip()
    yield _TOP.format(name=name, base=base, description=_one_line(policy.description) or base, models=listed)
    if policy.rules:
        yield _RULES.format(base=base, names=", ".join(rule.name for rule in policy.rules))
    for rule in policy.rules:
        yield "".join(f"#{line}\n" for line in _yaml_of(rule))
    yield _TESTS.format(model=models[0].replace("*", ""))


def _yaml_of(rule: Rule) -> list[str]:
    said = rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return yaml.dump([said], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).splitlines()


def _one_line(text: str) -> str:
    return yaml.safe_dump(" ".join(text.split()), allow_unicode=True, width=10_000).splitlines()[0]
