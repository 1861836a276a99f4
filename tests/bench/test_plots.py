"""The report's plots."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from prompt_policy.bench.plots import families_plot, latency_plot, tokens_plot
from prompt_policy.bench.summary import Summary, summary_of
from tests.bench.making import never, one, plan, record


def made(arms: tuple[str, ...] = ("off", "on")) -> Summary:
    rows = [one(arm, f"q{n}", s, ended_s=1 + n / 10) for arm in arms for n in range(4) for s in (0, 1)]
    return summary_of(record(rows, plan(arms), 4, families=("sums", "<dice>")), {}, never)


def test_each_is_a_drawing_that_names_what_it_shows() -> None:
    for drawn, words in ((latency_plot(made()), ("off", "on", "seconds until the whole answer")),
                         (tokens_plot(made()), ("accuracy", "tokens per answer, thinking too")),
                         (families_plot(made()), ("sums (2)", "&lt;dice&gt; (2)", "on - off"))):  # fmt: skip
        assert ET.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
        assert all(word in drawn for word in words)


def test_names_do_not_clash_and_drawings_are_the_same_again() -> None:
    first, second = latency_plot(made()), tokens_plot(made())
    ids = [{node.get("id") for node in ET.fromstring(drawn).iter()} - {None} for drawn in (first, second)]
    assert not ids[0] & ids[1]
    assert latency_plot(made()) == first


def test_without_two_arms_or_answers_there_is_no_drawing_of_differences() -> None:
    assert families_plot(made(("off",))) == ""
    empty = summary_of(record([], plan(("off",)), 1), {}, never)
    assert latency_plot(empty).startswith("<svg")
    assert tokens_plot(empty).startswith("<svg")
