"""What a chat template does; the server is a fake that renders real templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prompt_policy.probe.server import Server
from prompt_policy.probe.template import Behaviour, behaviour_of, prefilled
from tests.probe.fake_server import OPENS, PLAIN, REFUSES, fake_server

Serve = Callable[[Any], str]
KEEPS = "{% for m in messages %}{{ m.content }}{% endfor %}"
FIRST_ONLY = "{{ messages[0].content }}"


def behaviour(serve: Serve, template: str = PLAIN, **options: Any) -> Behaviour:
    return behaviour_of(Server(serve(fake_server(template, **options)), "m"))


def test_a_plain_template_keeps_everything(serve_app: Serve) -> None:
    found = behaviour(serve_app)

    assert (found.opens, found.reasoning_parser, found.seeds) == ("nothing", "off", "honoured")
    assert {found.system, found.two_systems, found.two_users, found.old_thoughts} == {"kept"}


@pytest.mark.parametrize(
    ("template", "fate"),
    [
        (KEEPS, "kept"),
        (KEEPS + "{% if add_generation_prompt %}<think>\n{% endif %}", "kept"),
        (KEEPS.replace("{{ m.content }}", "{{ m.content | trim }}"), "turned into '<think>'"),
        ("{{ fail('two, please') if messages | length > 1 }}", "refused: two, please"),
    ],
)
def test_the_fate_of_a_prefill(serve_app: Serve, template: str, fate: str) -> None:
    server = Server(serve_app(fake_server(template)), "m")

    assert prefilled(server, [{"role": "user", "content": "x"}], "<think>\n") == fate


def test_an_opening_is_seen(serve_app: Serve) -> None:
    assert behaviour(serve_app, OPENS).opens == "<think>\n"


def test_a_refusal_is_told_in_the_templates_words(serve_app: Serve) -> None:
    found = behaviour(serve_app, REFUSES)

    assert (found.system, found.two_systems) == ("refused: no system, please",) * 2
    assert found.two_users == "kept"


def test_what_is_lost_is_told(serve_app: Serve) -> None:
    found = behaviour(serve_app, FIRST_ONLY)

    assert (found.system, found.two_systems, found.old_thoughts) == ("kept", "lost: the second", "lost")


@pytest.mark.parametrize(("options", "parser"), [({"parser": True}, "on"), ({}, "off")])
def test_a_parser_is_seen_by_where_a_thought_lands(serve_app: Serve, options: dict[str, Any], parser: str) -> None:
    assert behaviour(serve_app, **options).reasoning_parser == parser


def test_seeds_that_change_nothing_are_told(serve_app: Serve) -> None:
    assert behaviour(serve_app, seeds=False).seeds == "the same answer to every seed"


def test_a_server_that_cannot_tell_prompts_is_asked_the_rest(serve_app: Serve) -> None:
    assert behaviour(serve_app, tokenizes=False) == Behaviour(reasoning_parser="off", seeds="honoured")
