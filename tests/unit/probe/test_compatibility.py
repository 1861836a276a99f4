"""Compatibility of policies with a fake server that renders real templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load_paths
from prompt_policy.probe.behaviour import probe_server
from prompt_policy.probe.client import ProbeClient
from prompt_policy.probe.compatibility import Compatibility, check_compatibility
from tests.support.fake_server import REFUSES, make_fake_server

Serve = Callable[[Any], str]
KEEPS = "{% for m in messages %}{{ m.content }}{% endfor %}"
OPENING = "{% if add_generation_prompt %}<think>\n{% endif %}"
STRIP = "  - {name: forget, kind: strip_reasoning}\n"
FOLD = "  - {name: fold, kind: fold_system, into: first_user}\n"
OPEN = '  - {name: open, kind: force_opening, text: "<think>\\n"}\n'
TIDY = "  - {name: tidy, kind: filter_whitespace}\n"


def check(
    serve: Serve, folder: Path, rules: str, template: str = KEEPS, longest: int = 2048, **options: Any
) -> Compatibility:
    file = folder / "p.yaml"
    file.write_text(f"version: 1\nname: p\nengine: {{reasoning_parser: deepseek_r1}}\nrules:\n{rules}")
    policies = load_paths([file])
    server = ProbeClient(serve(make_fake_server(template, **options)), "m")
    return check_compatibility(policies.get("p"), policies.source_maps["p"], server, probe_server(server), longest)


def format_problems(problems: Any) -> list[str]:
    return [str(problem).partition("p.yaml")[2] for problem in problems]


def test_a_compatible_policy_has_no_incompatibilities(serve_app: Serve, tmp_path: Path) -> None:
    assert check(serve_app, tmp_path, FOLD + OPEN + TIDY).incompatibilities == ()


def test_a_rejected_system_message_is_incompatible_unless_folded(serve_app: Serve, tmp_path: Path) -> None:
    found = check(serve_app, tmp_path, TIDY, REFUSES)

    assert format_problems(found.incompatibilities) == [
        f":5:5: rules[0]: {name}: the server rejects the request after the policy: no system, please"
        for name in ("a system message", "two system messages")
    ]
    assert check(serve_app, tmp_path, FOLD, REFUSES).incompatibilities == ()


def test_words_missing_from_the_prompt_are_incompatible(serve_app: Serve, tmp_path: Path) -> None:
    found = check(serve_app, tmp_path, TIDY, "{{ messages[-1].content }}")

    assert "'alphamark' appears 0 times in the rendered prompt" in str(found.incompatibilities[0])


def test_a_corrupted_prefill_is_reported_with_its_place(serve_app: Serve, tmp_path: Path) -> None:
    found = check(serve_app, tmp_path, FOLD + OPEN, KEEPS.replace("m.content", "m.content | trim"))

    assert format_problems(found.incompatibilities) == [
        ":6:5: rules[1]: the prefilled '<think>\\n' is turned into '<think>'; remove the rule, or use method: instruct"
    ]


@pytest.mark.parametrize(
    ("rules", "options", "note"),
    [
        (
            OPEN,
            {"template": KEEPS + "{% if add_generation_prompt %}<think>\n{% endif %}"},
            "already opens with '<think>\\n'",
        ),
        (OPEN, {"parser": True}, "configure that in the host"),
        (FOLD, {}, "keeps system messages"),
        (
            "  - {name: forget, kind: strip_reasoning}\n",
            {"template": "{{ messages[0].content }}"},
            "strips earlier reasoning",
        ),
        ("  - {name: c, kind: clamp, parameters: {max_tokens: {max: 9999}}}\n", {}, "exceeds the server's 2048 tokens"),
        (TIDY, {}, "requires reasoning_parser deepseek_r1"),
    ],
)
def test_unneeded_rules_and_settings_are_notes(
    serve_app: Serve, tmp_path: Path, rules: str, options: dict[str, Any], note: str
) -> None:
    assert any(note in str(problem) for problem in check(serve_app, tmp_path, rules, **options).notes)


def test_a_rule_in_audit_mode_is_not_checked(serve_app: Serve, tmp_path: Path) -> None:
    audited = OPEN.replace("}", ", mode: audit}")

    assert not check(serve_app, tmp_path, audited, KEEPS.replace("m.content", "m.content | trim")).incompatibilities
