"""Trains a table of weights by logistic regression; the same turns give the same table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.task_weights.generator import LabelledTurn
from prompt_policy.conditions.excerpt import excerpt
from prompt_policy.conditions.tasks.classifier import detect_table_language, find_evidence, proposes
from prompt_policy.conditions.tasks.tokens import Tokens, split_tokens
from prompt_policy.conditions.tasks.weights import TABLES, WeightTable

Feature = tuple[str, Any]
"""The section of a table and the key in it."""
MIN_TURNS: Final = 6
UNITS: Final = 100
LANGUAGES: Final = ("en", "zh", "other")


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a table is trained.

    Arguments:
        task: the task of the table.
        max_weights: the number of words and pairs in the table.
        regularization: the weight of the sum of squares.
        rejected_weight: the weight of turns for which no pattern proposes the task.
        token_scale: how much less words are regularized than signals.
    """

    task: str
    max_weights: int
    regularization: float = 1.0
    rejected_weight: float = 0.25
    token_scale: float = 6.0


class Example(NamedTuple):
    """A turn as features."""

    features: list[tuple[Feature, float]]
    """The features of tokens have the value that they have in the sum, so that all points have one unit."""
    language: str
    task: str
    weight: float
    proposed: tuple[str, ...]
    """The tasks that the patterns propose."""


def build_example(turn: LabelledTurn) -> Example:
    """Return a turn as features."""
    found = find_evidence(excerpt(turn.text), is_complete=True)
    tokens = split_tokens(found.views["lowercase"])
    features = [(("signals", name), float(count)) for name, count in found.counts]
    unit = 1 / sqrt(max(tokens.length, 1))
    features += [(feature, unit * count) for feature, count in count_token_features(tokens)]
    proposed = tuple(task for task in TABLES if proposes(task, found))
    return Example(features, detect_table_language(found.views), turn.task, turn.weight, proposed)


def count_token_features(tokens: Tokens) -> list[tuple[Feature, int]]:
    """Return the features of a turn's tokens, sorted, and how often each counts."""
    named = (("words", tokens.words), ("pairs", tokens.pairs), ("first", tokens.first), ("last", tokens.last))
    return [((section, key), count) for section, keys in named for key, count in sorted(Counter(keys).items())]


def train_table(examples: Sequence[Example], options: TrainingOptions) -> WeightTable:
    """Return the table with the largest weights, fitted twice: to choose its words, and with only these."""
    counts = Counter(feature for example in examples for feature, _value in example.features)
    known = sorted(feature for feature, count in counts.items() if count >= MIN_TURNS)
    weights, _biases = _fit(examples, known, options)
    tokens = [feature for feature in known if feature[0] != "signals"]
    importance = {
        feature: abs(weight) * min(sqrt(counts[feature]), 10) for feature, weight in zip(known, weights, strict=True)
    }
    chosen = sorted(tokens, key=lambda feature: (-round(importance[feature], 6), feature))[: options.max_weights]
    kept = sorted([*chosen, *(feature for feature in known if feature[0] == "signals")])
    weights, biases = _fit(examples, kept, options)
    return _build_table(kept, weights, biases, options)


def _fit(examples: Sequence[Example], known: Sequence[Feature], options: TrainingOptions) -> tuple[Any, Any]:
    """Return the weights of the features, and a bias per language."""
    index = {feature: number for number, feature in enumerate(known)}
    rows, columns, values = [], [], []
    for number, example in enumerate(examples):
        for feature, value in example.features:
            if (column := index.get(feature)) is not None:
                rows.append(number)
                columns.append(column)
                values.append(value if feature[0] == "signals" else value * options.token_scale)
        rows.append(number)
        columns.append(len(known) + LANGUAGES.index(example.language))
        values.append(1.0)
    matrix = csr_matrix((values, (rows, columns)), shape=(len(examples), len(known) + len(LANGUAGES)))
    transposed = matrix.T.tocsr()
    signs = np.array([1.0 if example.task == options.task else -1.0 for example in examples])
    importance = np.array(
        [example.weight * (1 if options.task in example.proposed else options.rejected_weight) for example in examples]
    )
    penalty = np.full(matrix.shape[1], options.regularization)
    penalty[len(known) :] = 0.01

    def compute_loss(weights: Any) -> tuple[float, Any]:
        margins = signs * (matrix @ weights)
        loss = float(importance @ np.logaddexp(0, -margins)) + 0.5 * float(penalty @ (weights * weights))
        slope = -importance * signs / (1 + np.exp(np.clip(margins, -500, 500)))
        return loss, transposed @ slope + penalty * weights

    found = minimize(compute_loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return found.x[: len(known)], found.x[len(known) :]


def _build_table(kept: Sequence[Feature], weights: Any, biases: Any, options: TrainingOptions) -> WeightTable:
    sections: dict[str, dict[Any, int]] = {name: {} for name in ("signals", "words", "pairs", "first", "last")}
    for (section, key), weight in zip(kept, weights, strict=True):
        scale = 1.0 if section == "signals" else options.token_scale
        if units := round(float(weight) * scale * UNITS):
            sections[section][key] = units
    thresholds = {language: round(-float(bias) * UNITS) for language, bias in zip(LANGUAGES, biases, strict=True)}
    return WeightTable(thresholds, **sections)


def raise_thresholds(table: WeightTable, points: dict[str, float]) -> WeightTable:
    """Return a table whose thresholds are higher by the given points."""
    thresholds = {language: units + round(points[language] * UNITS) for language, units in table.thresholds.items()}
    return WeightTable(thresholds, table.signals, table.words, table.pairs, table.first, table.last)
