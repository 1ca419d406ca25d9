"""What a fault or another action can be told: its parameters and their rules, checked before anything is done.

The control port and scenario files go by the same rules.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Param:
    """`rule` is what the value must be, in words; `fits` decides. None stands for "not given" where not required."""

    rule: str
    fits: Callable[[Any], bool]
    required: bool = False

    def needed(self) -> Param:
        return Param(self.rule, self.fits, True)

    def or_a_list(self) -> Param:
        """One such value, or a list of them."""
        return Param(f"{self.rule}; or a list", lambda value: all(map(self.fits, _listed(value))), self.required)


class ParamError(ValueError):
    """A parameter that the action does not know, lacks or can't use; the text says what was found and the rule."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


NUMBER = Param("a number", _is_number)
SECONDS = Param("seconds, a number from 0 on", lambda value: _is_number(value) and value >= 0)
AMOUNT = Param(
    "a number, or one as text", lambda value: _is_number(value) or (isinstance(value, str) and _reads(value))
)
WHOLE = Param("a whole number", _is_whole)
COUNT = Param("a whole number from 1 on", lambda value: _is_whole(value) and value >= 1)
CON_ID = Param("a con_id, a whole number above 0", lambda value: _is_whole(value) and value > 0)
TEXT = Param("text", lambda value: isinstance(value, str))
FLAG = Param("true or false", lambda value: isinstance(value, bool))
SCALAR = Param("text or a number", _is_scalar)
FIELDS = Param("a list of texts or numbers", lambda value: isinstance(value, list) and all(map(_is_scalar, value)))


def _reads(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def one_of(*choices: str) -> Param:
    return Param(f"one of: {', '.join(choices)}", lambda value: value in choices)


def numbered(names: Collection[str]) -> Param:
    """A name, or a number of the protocol's own."""

    def fits(value: Any) -> bool:
        return value in names if isinstance(value, str) and not value.isdecimal() else _reads_whole(value)

    return Param(f"a number, or one of: {', '.join(names)}", fits)


def _reads_whole(value: Any) -> bool:
    return (_is_whole(value) and value >= 0) or (isinstance(value, str) and value.isdecimal())


_Method = TypeVar("_Method", bound=Callable[..., Any])
ATTRIBUTE = "params"


def takes(**params: Param) -> Callable[[_Method], _Method]:
    """Says what a method `do_<name>` can be told."""

    def mark(method: _Method) -> _Method:
        setattr(method, ATTRIBUTE, params)
        return method

    return mark


def check(action: str, params: Mapping[str, Param], values: Values) -> None:
    """Raises ParamError for the first value that does not keep the rules."""
    for name, value in values.items():
        if name not in params:
            near = difflib.get_close_matches(name, params, 1)
            known = f"it takes {', '.join(params)}" if params else "it takes none"
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ParamError(f"{action} has no parameter {name}; {known}{hint}")
        if value is not None and not params[name].fits(value):
            raise ParamError(f"{action}: {name} is {value!r}; must be {params[name].rule}")
    for name, param in params.items():
        if param.required and values.get(name) is None:
            raise ParamError(f"{action} needs {name}, {param.rule}")
