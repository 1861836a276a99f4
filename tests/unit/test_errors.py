"""The exceptions, and how errors are printed."""

from __future__ import annotations

import pickle

from prompt_policy import InternalError, LoadError, Refusal
from prompt_policy.errors import Problem, did_you_mean


def test_a_problem_is_one_line_with_its_position() -> None:
    assert str(Problem("f", 2, 3, "rules[0]", "is wrong")) == "f:2:3: rules[0]: is wrong"
    assert str(Problem("f", 0, 0, "", "is empty")) == "f: is empty"


def test_problems_are_sorted_and_unique() -> None:
    one, two = Problem("f", 10, 1, "", "b"), Problem("f", 9, 1, "", "a")
    assert str(LoadError([one, two, one])) == "f:9:1: a\nf:10:1: b"


def test_a_refusal_has_the_format_of_an_openai_error() -> None:
    assert Refusal("no", param="x").body()["error"]["code"] == "policy_violation"
    assert InternalError("no").status == 500


def test_control_characters_in_a_problem_are_escaped() -> None:
    problem = Problem("a.yaml", 1, 2, "rules", "unknown key 'x\nb.yaml: forged\x1b[2J\u2028é'")
    assert str(problem) == r"a.yaml:1:2: rules: unknown key 'x\nb.yaml: forged\x1b[2J\u2028é'"


def test_only_a_close_word_is_suggested() -> None:
    assert did_you_mean("xyz", ["clamp", "reject"]) == ""
    assert did_you_mean("rejcet", ["clamp", "reject"]) == " (did you mean 'reject'?)"


def test_a_load_error_survives_pickling() -> None:
    error = LoadError([Problem("f", 2, 3, "", "is wrong"), Problem("g", 0, 0, "", "is empty")])
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.problems, str(copied)) == (error.problems, str(error))


def test_a_refusal_survives_pickling() -> None:
    refusal = Refusal("no", param="x")
    assert pickle.loads(pickle.dumps(refusal)).body() == refusal.body()
