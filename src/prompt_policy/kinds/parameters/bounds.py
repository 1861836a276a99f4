"""The bounds of one parameter, and how the bounds of two rules contradict each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.kinds.parameters.lists import contains_item, edit_items, read_items
from prompt_policy.kinds.parameters.names import ParameterName
from prompt_policy.wire import MISSING, Json
from prompt_policy.wire.requests.parameters import parse_number
from prompt_policy.yaml_model import Flag, NonEmptyModel, Number, Scalar, check_finite, format_value

_NOT_NULL: Final = WithJsonSchema({"not": {"type": "null"}})
_LIST_KEYS: Final = ("append", "remove")
Items = Annotated[tuple[Scalar, ...], Field(min_length=1)]


class Bounds(NonEmptyModel):
    """The bounds, default, fixed value, new name or list items of one parameter."""

    min: Number | None = Field(None, description="Raise smaller numbers to this value.")
    max: Number | None = Field(None, description="Lower greater numbers to this value.")
    max_of: ParameterName | None = Field(
        None, description="Lower numbers that are greater than this other parameter. Its absence sets no bound."
    )
    minus: Number | None = Field(None, description="Subtract this number from the other parameter of `max_of`.")
    default: Annotated[Any, AfterValidator(check_finite), _NOT_NULL] = Field(
        None, description="Set this value if the parameter is absent or null."
    )
    value: Annotated[Any, AfterValidator(check_finite), _NOT_NULL] = Field(None, description="Always set this value.")
    drop: Flag = Field(False, description="Remove the parameter.")
    rename: ParameterName | None = Field(
        None, description="Send the value under this name, unless the request has a value there."
    )
    append: Items | None = Field(None, description="Add these items to the list, unless it has them.")
    remove: Items | None = Field(None, description="Remove these items from the list.")

    @classmethod
    def explain_null(cls, key: str) -> str | None:
        """Leave ``value`` to the check of all keys, which suggests ``drop``."""
        return None if key == "value" else super().explain_null(key)

    @model_validator(mode="before")
    @classmethod
    def _check_mapping(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("bounds", "has no value; set min, max, default, value or drop")
        if not isinstance(value, dict | Bounds):
            given = {"given": format_value(value), "hint": f"{{value: {format_value(value)}}}"}
            raise PydanticCustomError("bounds", "expected a mapping, got {given} (did you mean {hint}?)", given)
        return value

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        given = self.model_fields_set
        if given == {"drop"} and not self.drop:
            raise PydanticCustomError("bounds", "drop: false does nothing; set another key or drop: true")
        for alone in ("value", "drop") if self.drop else ("value",):
            if alone in given and len(given) > 1:
                raise PydanticCustomError("bounds", "'{alone}' excludes all other keys; remove them", {"alone": alone})
        if "value" in given and self.value is None:
            raise PydanticCustomError("bounds", "value cannot be null; to remove the parameter, set drop: true")
        if self.rename is not None and len(given) > 1:
            reason = "'rename' excludes all other keys; set them for '{name}'"
            raise PydanticCustomError("bounds", reason, {"name": self.rename})
        self._check_numbers()
        self._check_lists()
        self._check_default()
        return self

    def _check_numbers(self) -> None:
        if self.min is not None and self.max is not None and self.min > self.max:
            numbers = {"min": format_value(self.min), "max": format_value(self.max)}
            raise PydanticCustomError("bounds", "min {min} is greater than max {max}", numbers)
        if self.minus is not None and self.max_of is None:
            raise PydanticCustomError("bounds", "minus has no effect without max_of; set the other parameter there")
        if self.minus is not None and self.minus < 0:
            raise PydanticCustomError(
                "bounds", "minus {minus} is negative; set a number to subtract", {"minus": self.minus}
            )

    def _check_lists(self) -> None:
        keys = [key for key in _LIST_KEYS if key in self.model_fields_set]
        others = sorted(self.model_fields_set - {*_LIST_KEYS, "drop"})
        if keys and others:
            known = {"key": keys[0], "others": " and ".join(others)}
            raise PydanticCustomError("bounds", "'{key}' edits a list and excludes {others}; keep one", known)
        for item in self.append or ():
            if contains_item(self.remove or (), item):
                both = {"item": format_value(item)}
                raise PydanticCustomError("bounds", "{item} is appended and removed; keep one", both)

    def _check_default(self) -> None:
        if self.default is None or not self.is_bounded:
            return
        value = {"value": format_value(self.default)}
        remedy = "set a number" if parse_number(self.default) is None else "remove the quotes"
        if isinstance(self.default, bool) or not isinstance(self.default, int | float):
            message = "default {value} is not a number, but the parameter has bounds; {remedy}"
            raise PydanticCustomError("bounds", message, {**value, "remedy": remedy})
        if self.clamp(self.default) != self.default:
            raise PydanticCustomError("bounds", "default {value} is out of bounds", value)

    @property
    def is_bounded(self) -> bool:
        """Whether a number is bounded."""
        return self.min is not None or self.max is not None or self.max_of is not None

    @property
    def is_list(self) -> bool:
        """Whether items of a list are added or removed."""
        return self.append is not None or self.remove is not None

    def clamp(self, number: Json) -> Json:
        """Return a number, or the bound among ``min`` and ``max`` that it exceeds."""
        if self.min is not None and number < self.min:
            return self.min
        if self.max is not None and number > self.max:
            return self.max
        return number

    @property
    def fixed_range(self) -> tuple[float, float]:
        """The least and the greatest number within all bounds; an empty range if they depend on the request."""
        if self.max_of is not None:
            return math.inf, -math.inf
        return (-math.inf if self.min is None else self.min), (math.inf if self.max is None else self.max)

    @property
    def replaces_object(self) -> bool:
        """Whether an object in the parameter's place is replaced, removed or rejected as a whole."""
        has_scalar = self.default is not None and not isinstance(self.default, dict)
        is_other = self.drop or self.rename is not None or self.is_list
        return self.value is not None or is_other or self.is_bounded or has_scalar

    @property
    def sets(self) -> bool:
        """Whether the parameter is set if it is absent."""
        return self.value is not None or self.default is not None or self.append is not None

    @property
    def can_change_number(self) -> bool:
        """Whether a number under this name may be set or lowered, on which bounds of others may depend."""
        return self.value is not None or self.default is not None or self.max is not None or self.max_of is not None

    @property
    def _is_raised(self) -> bool:
        return self.value is not None or self.min is not None

    def describe_change(self) -> str:
        """Return what the keys other than ``default`` do to a value, as a noun."""
        if self.value is not None or self.drop or self.rename is not None:
            return "a value" if self.value is not None else "removal" if self.drop else "another name"
        return "items" if self.is_list else "a bound"

    def find_conflict(self, later: Bounds) -> str | None:
        """Return how the same parameter's bounds in a later rule undo these, as a clause; None if they do not."""
        return next(self._list_conflicts(later), None)

    def _list_conflicts(self, later: Bounds) -> Iterator[str]:
        if (self.drop and later.sets) or (self.sets and later.drop):
            yield "is removed before, and set here" if self.drop else "is set before, and removed here"
        if self.value is not None and later.value is not None and self.value != later.value:
            yield f"is {format_value(self.value)} before, and is {format_value(later.value)} here"
        if self.is_list or later.is_list:
            yield from self._list_item_conflicts(later)
        for one, other, where in (
            (self, later, "before, and has bounds here"),
            (later, self, "here, and has bounds before"),
        ):
            for fixed in (one.value, one.default) if other.is_bounded else ():
                if fixed is not None and parse_number(fixed) is None:
                    yield f"is {format_value(fixed)} {where}"
        low, high = self._range()
        next_low, next_high = later._range()
        if low > next_high or high < next_low:
            yield f"{self._describe()} before, and {later._describe()} here"
        default = parse_number(later.default)
        if default is not None and self.value is None and self.clamp(default) != default:
            yield f"{self._describe()} before, and the default is {format_value(default)} here"
        if self.max_of is not None and (later._is_raised or later.default is not None):
            yield f"is at most {self.max_of} before, and is set or raised here"
        if later.max_of is not None and self._is_raised:
            yield f"is set or raised before, and is at most {later.max_of} here"

    def _list_item_conflicts(self, later: Bounds) -> Iterator[str]:
        """Yield how the items of lists, and the values that other keys set, contradict each other."""
        if self.is_bounded or later.is_bounded:
            yield "is a number in one rule, and a list in the other"
        for fixed, other in ((self.value, later), (self.default, later), (later.value, self), (later.default, self)):
            if fixed is not None and other.is_list and read_items(fixed) is None:
                yield f"is {format_value(fixed)} in one rule, and a list in the other"
        if later.edit(self.value) is not self.value:
            yield f"is {format_value(self.value)} before, and its items change here"
        if self.default is not None and later.edit(self.default) is MISSING:
            yield f"is {format_value(self.default)} before, and all its items are removed here"
        fixed = later.default if later.value is None and self.append is None else later.value
        if self.edit(fixed) is not fixed:
            yield f"has other items before, and is {format_value(fixed)} here"
        for items, others, how in (
            (self.append, later.remove, "is appended before, and removed here"),
            (self.remove, later.append, "is removed before, and appended here"),
        ):
            yield from (f"item {format_value(item)} {how}" for item in items or () if contains_item(others or (), item))

    def edit(self, value: Json) -> Json:
        """Return a list with these items appended and removed; None, and anything but a list, is not changed."""
        return value if value is None else edit_items(value, self.append or (), self.remove or ())

    def _range(self) -> tuple[float, float]:
        """Return the least and the greatest number that the parameter has after the rule."""
        if (fixed := parse_number(self.value)) is not None:
            return fixed, fixed
        return (-math.inf if self.min is None else self.min), (math.inf if self.max is None else self.max)

    def _describe(self) -> str:
        if self.value is not None:
            return f"is {format_value(self.value)}"
        limits = (("at least", self.min), ("at most", self.max))
        return "is " + " and ".join(f"{word} {format_value(limit)}" for word, limit in limits if limit is not None)
