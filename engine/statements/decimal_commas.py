"""Numbers of a CSV file that a spreadsheet of another country has saved: 1.234,56 for 1,234.56. Pure.

IB writes points. Which of the two a file has is decided over all its numbers, as 1,234 alone may be either.
"""

from __future__ import annotations

import re

from engine.statements.fields import NUMBER, number_names
from engine.statements.raw import RawFile

_WITH_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d*)?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_TURNED = str.maketrans(",.", ".,")


def settle(file: RawFile) -> RawFile:
    """The file with points, whatever it had; rows are changed in place."""
    names = number_names()
    found = [
        (row.fields, name)
        for row in file.rows
        for name, text in row.fields.items()
        if ("," in text or "." in text) and name in names
    ]
    commas = points = 0
    for fields, name in found:
        is_comma, is_point = _WITH_COMMA.fullmatch(fields[name]), NUMBER.fullmatch(fields[name])
        commas += bool(is_comma and not is_point)
        points += bool(is_point and not is_comma)
    if commas > points:  # a damaged number must not outvote all others
        for fields, name in found:
            if _WITH_COMMA.fullmatch(fields[name]):
                fields[name] = fields[name].translate(_TURNED)
    return file
