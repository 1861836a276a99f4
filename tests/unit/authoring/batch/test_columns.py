"""Columns of JSON texts, as Ray Data passes them."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from prompt_policy import UsageError
from prompt_policy.authoring.batch.columns import AnswerColumn, RequestColumn
from tests.support.policies import chat
from tests.unit.authoring.batch.test_rewriter import ANSWER, CLAMP, CLEAN, REJECT, TIDY, create

HOT, TOOLS = json.dumps(chat("Hi", temperature=2)), json.dumps(chat("Hi", tools=[{}]))


def test_requests_of_a_batch_are_rewritten_and_rejects_have_a_reason() -> None:
    batch: dict[str, Any] = {"text": [HOT, TOOLS, "x"], "id": [1, 2, 3]}
    result = RequestColumn(create(CLAMP, REJECT))(batch)
    assert batch["text"][0] is HOT
    assert json.loads(result["text"][0])["temperature"] == 0.7
    assert (result["text"][1:], result["id"]) == ([None, None], [1, 2, 3])
    assert result["policy_error"] == [None, "no tools", "expected one JSON object"]


@pytest.mark.parametrize("text", [HOT, HOT.encode()])
def test_a_row_is_rewritten(text: Any) -> None:
    result = RequestColumn(create(CLAMP), "body", "error")({"body": text})
    assert (json.loads(result["body"])["temperature"], result["error"]) == (0.7, None)


def test_answers_are_cleaned_by_their_requests() -> None:
    column = AnswerColumn(create(TIDY), requests="request")
    batch = {"request": [HOT, "x"], "text": [json.dumps(ANSWER)] * 2}
    result = pickle.loads(pickle.dumps(column))(batch)
    assert json.loads(result["text"][0]) == CLEAN
    assert (result["text"][1], result["policy_error"]) == (None, [None, "expected one JSON object"])
    row = column({"request": HOT, "text": json.dumps(ANSWER)})
    assert json.loads(row["text"]) == CLEAN


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(UsageError, match="no column 'text'; the columns are 'a', 'b'"):
        RequestColumn(create(CLAMP))({"a": [], "b": []})


def test_nested_values_are_an_error() -> None:
    with pytest.raises(UsageError, match="expected JSON texts, got dict"):
        RequestColumn(create(CLAMP))({"text": [chat("Hi")]})
