"""The behaviour of chat templates, rendered by a fake server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prompt_policy.probe.behaviour import Behaviour, prefill_outcome, probe_server
from prompt_policy.probe.client import ProbeClient
from tests.support.fake_server import NO_TEMPLATE, OPENS, PLAIN, REFUSES, REFUSES_ALL, make_fake_server

Serve = Callable[[Any], str]
KEEPS = "{% for m in messages %}{{ m.content }}{% endfor %}"
FIRST_ONLY = "{{ messages[0].content }}"


def behaviour(serve: Serve, template: str = PLAIN, **options: Any) -> Behaviour:
    return probe_server(ProbeClient(serve(make_fake_server(template, **options)), "m"))


def test_a_plain_template_keeps_everything(serve_app: Serve) -> None:
    found = behaviour(serve_app)

    assert (found.opens, found.reasoning_parser, found.seeds) == ("nothing", "off", "honoured")
    assert {found.system, found.two_systems, found.two_users, found.earlier_reasoning} == {"kept"}


@pytest.mark.parametrize(
    ("template", "outcome"),
    [
        (KEEPS, "kept"),
        (KEEPS + "{% if add_generation_prompt %}<think>\n{% endif %}", "kept"),
        (KEEPS.replace("{{ m.content }}", "{{ m.content | trim }}"), "turned into '<think>'"),
        ("{{ fail('two, please') if messages | length > 1 }}", "refused: two, please"),
    ],
)
def test_the_outcome_of_a_prefill(serve_app: Serve, template: str, outcome: str) -> None:
    server = ProbeClient(serve_app(make_fake_server(template)), "m")

    assert prefill_outcome(server, [{"role": "user", "content": "x"}], "<think>\n") == outcome


def test_an_opening_is_detected(serve_app: Serve) -> None:
    assert behaviour(serve_app, OPENS).opens == "<think>\n"


def test_a_rejection_is_reported_with_the_templates_message(serve_app: Serve) -> None:
    found = behaviour(serve_app, REFUSES)

    assert (found.system, found.two_systems) == ("refused: no system, please",) * 2
    assert found.two_users == "kept"


def test_lost_messages_are_reported(serve_app: Serve) -> None:
    found = behaviour(serve_app, FIRST_ONLY)

    assert (found.system, found.two_systems, found.earlier_reasoning) == ("kept", "lost: the second", "lost")


@pytest.mark.parametrize(("options", "parser"), [({"parser": True}, "on"), ({}, "off")])
def test_a_parser_is_detected_by_the_reasoning_field(serve_app: Serve, options: dict[str, Any], parser: str) -> None:
    assert behaviour(serve_app, **options).reasoning_parser == parser


def test_ignored_seeds_are_reported(serve_app: Serve) -> None:
    assert behaviour(serve_app, seeds=False).seeds == "the same answer to every seed"


def test_a_server_without_tokenize_is_probed_otherwise(serve_app: Serve) -> None:
    assert behaviour(serve_app, tokenizes=False) == Behaviour(reasoning_parser="off", seeds="honoured")


def test_a_rejection_of_every_request_is_the_only_finding(serve_app: Serve) -> None:
    assert behaviour(serve_app, REFUSES_ALL) == Behaviour(rejection=NO_TEMPLATE)
