"""A question of the benchmark."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prompt_policy.bench.dataset.question import DEFAULT_FAMILY, Question


def test_a_numeric_answer_is_accepted_and_the_family_has_a_default() -> None:
    question = Question.model_validate({"id": "a", "question": "1+1?", "answer": 2})
    assert (question.answer, question.family) == ("2", DEFAULT_FAMILY)


@pytest.mark.parametrize("key", ["id", "question", "answer"])
def test_empty_fields_are_rejected(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        Question.model_validate({"id": "a", "question": "1+1?", "answer": "2", key: ""})
