"""The user's own lists in rules: named by their uid, so that one that is called otherwise stays the same list. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from engine.alerts.kinds import OWN_LISTS
from engine.state.alert_sections import Rule

LIST = "list"  # the field, and where a rule remembers the name of its list
_OWN = dict(OWN_LISTS)


def with_list(rule: Rule, names: Mapping[int, str]) -> Rule:
    """The rule as it is kept: by the uid of its list, with the name that it has now.

    A rule of an older program names it by its name; `names` = those that there are, by uid.
    """
    wanted = rule.values.get(LIST, "")
    if wanted in _OWN:
        return rule
    if isinstance(wanted, str):
        found = next((uid for uid, name in names.items() if name.casefold() == wanted.casefold()), None)
        if found is None:
            return rule
        wanted, rule = found, replace(rule, values={**rule.values, LIST: found})
    name = names.get(wanted)
    if name is None or rule.memory.get(LIST) == name:
        return rule
    return replace(rule, memory={**rule.memory, LIST: name})


def list_name(rule: Rule, names: Mapping[int, str]) -> tuple[str, bool]:
    """What the rule's list is called, or was when there was one; whether it is gone."""
    wanted = rule.values.get(LIST, "")
    if wanted in _OWN:
        return _OWN[wanted], False
    if wanted in names:
        return names[wanted], False
    return (wanted if isinstance(wanted, str) else str(rule.memory.get(LIST, "a list"))), True
