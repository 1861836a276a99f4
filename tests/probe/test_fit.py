"""Whether a policy fits; the server is a fake that renders real templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_policy import load_paths
from prompt_policy.probe.fit import Fit, fit_of
from prompt_policy.probe.server import Server
from prompt_policy.probe.template import behaviour_of
from tests.probe.fake_server import REFUSES, fake_server

Serve = Callable[[Any], str]
KEEPS = "{% for m in messages %}{{ m.content }}{% endfor %}"
OPENING = "{% if add_generation_prompt %}<think>\n{% endif %}"
FORGET = "  - {name: forget, kind: strip_reasoning}\n"
FOLD = "  - {name: fold, kind: fold_system, into: first_user}\n"
OPEN = '  - {name: open, kind: force_opening, text: "<think>\\n"}\n'
TIDY = "  - {name: tidy, kind: filter_whitespace}\n"


def fit(serve: Serve, folder: Path, rules: str, template: str = KEEPS, longest: int = 2048, **options: Any) -> Fit:
    file = folder / "p.yaml"
    file.write_text(f"version: 1\nname: p\nengine: {{reasoning_parser: deepseek_r1}}\nrules:\n{rules}")
    (policy,) = load_paths([file]).policies
    server = Server(serve(fake_server(template, **options)), "m")
    return fit_of(policy, file, server, behaviour_of(server), longest)


def said(problems: Any) -> list[str]:
    return [str(problem).partition("p.yaml")[2] for problem in problems]


def test_a_policy_that_fits_has_no_misfits(serve_app: Serve, tmp_path: Path) -> None:
    assert fit(serve_app, tmp_path, FOLD + OPEN + TIDY).misfits == ()


def test_a_system_message_that_is_refused_is_a_misfit_unless_it_is_folded(serve_app: Serve, tmp_path: Path) -> None:
    found = fit(serve_app, tmp_path, TIDY, REFUSES)

    assert said(found.misfits) == [
        f":5:5: rules[0]: {name}: the server refuses what the policy sends: no system, please"
        for name in ("a system message", "two system messages")
    ]
    assert fit(serve_app, tmp_path, FOLD, REFUSES).misfits == ()


def test_words_that_the_model_does_not_read_are_a_misfit(serve_app: Serve, tmp_path: Path) -> None:
    found = fit(serve_app, tmp_path, TIDY, "{{ messages[-1].content }}")

    assert "the model reads 'alphamark' 0 times" in str(found.misfits[0])


def test_a_corrupted_opening_is_a_misfit_with_the_rules_place(serve_app: Serve, tmp_path: Path) -> None:
    found = fit(serve_app, tmp_path, FOLD + OPEN, KEEPS.replace("m.content", "m.content | trim"))

    assert said(found.misfits) == [
        ":6:5: rules[1]: the prefilled '<think>\\n' is turned into '<think>': "
        "take the rule out, or use method: instruct"
    ]


@pytest.mark.parametrize(
    ("rules", "options", "note"),
    [
        (
            OPEN,
            {"template": KEEPS + "{% if add_generation_prompt %}<think>\n{% endif %}"},
            "opens '<think>\\n' by itself",
        ),
        (OPEN, {"parser": True}, "tell the host"),
        (FOLD, {}, "keeps system messages"),
        (
            "  - {name: forget, kind: strip_reasoning}\n",
            {"template": "{{ messages[0].content }}"},
            "strips old thoughts",
        ),
        ("  - {name: c, kind: clamp, parameters: {max_tokens: {max: 9999}}}\n", {}, "above the server's 2048 tokens"),
        (TIDY, {}, "wants reasoning_parser deepseek_r1"),
    ],
)
def test_what_is_worth_knowing_is_a_note(
    serve_app: Serve, tmp_path: Path, rules: str, options: dict[str, Any], note: str
) -> None:
    assert any(note in str(problem) for problem in fit(serve_app, tmp_path, rules, **options).notes)


def test_an_audited_rule_is_not_judged(serve_app: Serve, tmp_path: Path) -> None:
    audited = OPEN.replace("}", ", mode: audit}")

    assert not fit(serve_app, tmp_path, audited, KEEPS.replace("m.content", "m.content | trim")).misfits
