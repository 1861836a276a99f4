"""A condition on the figures, for CI: ``accuracy_difference < -0.05 or p95_e2e_on > 30``."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.mistakes import near

_COMPARED: Final[dict[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_RECKONED: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class FailIf:
    """A condition, read once. Raise UsageError where it is none, or names a figure that there is not.

    Arguments:
        text: comparisons of figures and numbers, joined by and, or, not; with + - * /.
        known: the names of the figures.
    """

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            raise self._mistake("is no condition") from None
        if not self._is_condition(self._tree):
            raise self._mistake("expected comparisons of figures and numbers, joined by and, or, not")
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and node.id not in known:
                raise self._mistake(f"no figure is named '{node.id}'{near(node.id, sorted(known))}")

    def holds(self, figures: Mapping[str, float | None]) -> bool:
        """Tell whether it holds. Raise UsageError where a figure that it needs could not be measured."""
        missing = sorted(
            {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name) and figures[node.id] is None}
        )
        if missing:
            raise self._mistake(f"{', '.join(missing)} could not be told from this run")
        try:
            return self._truth(self._tree, figures)
        except ZeroDivisionError:
            raise self._mistake("divides by 0") from None

    def _mistake(self, message: str) -> UsageError:
        return UsageError(f"--fail-if {self._text}: {message}")

    def _is_condition(self, node: ast.expr) -> bool:
        if isinstance(node, ast.BoolOp):
            return all(self._is_condition(value) for value in node.values)
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not) and self._is_condition(node.operand)
        if not isinstance(node, ast.Compare):
            return False
        sides = [node.left, *node.comparators]
        return all(type(op) in _COMPARED for op in node.ops) and all(self._is_amount(side) for side in sides)

    def _is_amount(self, node: ast.expr) -> bool:
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.USub) and self._is_amount(node.operand)
        if isinstance(node, ast.BinOp):
            return type(node.op) in _RECKONED and self._is_amount(node.left) and self._is_amount(node.right)
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return isinstance(node, ast.Name)

    def _truth(self, node: ast.expr, figures: Mapping[str, float | None]) -> bool:
        if isinstance(node, ast.BoolOp):
            held = (self._truth(value, figures) for value in node.values)
            return all(held) if isinstance(node.op, ast.And) else any(held)
        if isinstance(node, ast.UnaryOp):
            return not self._truth(node.operand, figures)
        assert isinstance(node, ast.Compare)
        sides = [self._amount(side, figures) for side in (node.left, *node.comparators)]
        return all(_COMPARED[type(op)](sides[at], sides[at + 1]) for at, op in enumerate(node.ops))

    def _amount(self, node: ast.expr, figures: Mapping[str, float | None]) -> float:
        if isinstance(node, ast.UnaryOp):
            return -self._amount(node.operand, figures)
        if isinstance(node, ast.BinOp):
            return _RECKONED[type(node.op)](self._amount(node.left, figures), self._amount(node.right, figures))
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, int | float)
            return float(node.value)
        assert isinstance(node, ast.Name)
        value = figures[node.id]
        assert value is not None
        return value
