"""Finding the division or the unit that a person meant by what they wrote. Never picks between two.

`load_names()` reads everything once (3 queries) for an import of ten thousand rows; the three functions
`match_township`, `match_village`, `match_organization` are its methods for a single question.
Comparison is of whole names in the forms of `names.py`, or of codes; aliases are data. What cannot be told is
said with what comes near, for a person to choose (DOMAIN §5).
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from directory import names
from directory.models import Alias, Division, Organization

SHANTING = "370406"

T = TypeVar("T", Division, Organization)


class NoMatch(Exception):
    """Nothing bears this name. `suggestions`: names that come near, best first; perhaps none."""

    def __init__(self, what: str, text: str, suggestions: list[str]) -> None:
        self.text, self.suggestions = text, suggestions
        near = (
            f"是否指：{'、'.join(suggestions)}？" if suggestions else "请核对写法，或请系统管理员登记别名。"
        )
        super().__init__(f"找不到{what}“{text}”，{near}")


class Ambiguous(Exception):
    """Several bear this name. `candidates`: their full names, the township before a village."""

    def __init__(self, what: str, text: str, candidates: list[str]) -> None:
        self.text, self.candidates = text, candidates
        super().__init__(f"{what}“{text}”有{len(candidates)}个：{'、'.join(candidates)}，请写明是哪一个。")


@dataclass
class Names:
    """All divisions, units and aliases of one day, by every form they may be written in."""

    by_code: dict[str, Division] = field(default_factory=dict)
    full_townships: dict[str, Division] = field(default_factory=dict)
    townships: dict[str, set[Division]] = field(default_factory=dict)
    villages: dict[str, set[Division]] = field(default_factory=dict)
    organizations_by_code: dict[str, Organization] = field(default_factory=dict)
    organizations: dict[str, set[Organization]] = field(default_factory=dict)

    def match_township(self, text: str, *, county: str = SHANTING) -> Division:
        """The township of `county` (6-digit code) called so: name, short name, alias or code.

        A code may have 9 digits, or 12 ending in 000. Raises NoMatch, Ambiguous.
        """
        wanted = names.plain(text)
        if re.fullmatch(r"\d{9}(000)?", wanted):
            division = self.by_code.get(wanted[:9])
            found = {division} if division and division.level == "township" else set()
        else:
            found = self.townships.get(wanted) or self.townships.get(names.township_key(text), set())
        found = {division for division in found if division.code.startswith(county)}
        known = {
            key: [d.name for d in divisions if d.code.startswith(county)]
            for key, divisions in self.townships.items()
        }
        return _only("镇街", text, found, names.township_key(text), known, lambda d: d.name)

    def match_village(self, text: str, township: Division | None = None) -> Division:
        """The village called so, in `township` if it is given or written in front ("徐庄镇湖沟村").

        A 12-digit code needs no township. Raises Ambiguous for a name that several townships know, NoMatch
        for an unknown one, also when the code or the township in front contradicts `township`.
        """
        wanted = names.plain(text)
        if re.fullmatch(r"\d{12}", wanted):
            division = self.by_code.get(wanted)
            found = {division} if division and division.level == "village" else set()
        else:
            wanted, township = self._township_in_front(wanted, township)
            # The full official name first: only if nobody bears it, the name without its endings.
            found = self._in(township, self.villages.get(wanted, ()))
            found = found or self._in(township, self.villages.get(names.village_key(wanted), ()))
        found = self._in(township, found)
        what = "村居" if township is None else f"{township.name}的村居"
        known = {
            key: [_village_label(d) for d in self._in(township, divisions)]
            for key, divisions in self.villages.items()
        }
        return _only(what, text, found, names.village_key(wanted), known, _village_label)

    def match_organization(self, text: str, *, side: str | None = None) -> Organization:
        """The unit called so: code, full or short name, with or without its county in front, alias, or the
        township it governs. `side` ("shanting" or "rongcheng") decides between 财政局 and 财政局.
        Raises NoMatch, Ambiguous.
        """
        wanted = names.plain(text)
        by_code = self.organizations_by_code.get(wanted)
        found = {by_code} if by_code else set(self.organizations.get(wanted, ()))
        if not found:
            for each in (side,) if side else ("shanting", "rongcheng"):
                for key in names.organization_keys(text, each):
                    found |= {o for o in self.organizations.get(key, ()) if o.side == each}
        if not found:
            found = set(self.organizations.get(names.township_key(text), ()))
            found = {o for o in found if o.kind == "township"}
        found = {o for o in found if side is None or o.side == side}
        known = {
            key: [o.short_name for o in organizations if side in (None, o.side)]
            for key, organizations in self.organizations.items()
        }
        return _only("单位", text, found, wanted, known, lambda o: o.name)

    def _township_in_front(self, wanted: str, township: Division | None) -> tuple[str, Division | None]:
        """Splits "徐庄镇湖沟村" at a township's full name; 徐庄 alone in front is part of a village's name."""
        wanted = names.without_county(wanted)
        for full, division in self.full_townships.items():
            if wanted.startswith(full) and len(wanted) > len(full) and township in (None, division):
                return wanted.removeprefix(full), division
        return wanted, township

    @staticmethod
    def _in(township: Division | None, divisions: Iterable[Division]) -> set[Division]:
        return {d for d in divisions if township is None or d.parent_id == township.pk}


def load_names(*, on: datetime.date | None = None) -> Names:
    """Everything valid on that day (None: every row, also of divisions and units that have ended)."""

    def valid(row: Division | Organization | Alias) -> bool:
        return on is None or not (
            (row.valid_from is not None and on < row.valid_from)
            or (row.valid_to is not None and row.valid_to < on)
        )

    known = Names()
    for division in Division.objects.select_related("parent").order_by("code"):
        if not valid(division):
            continue
        known.by_code[division.code] = division
        if division.level == "township":
            known.full_townships[names.plain(division.name)] = division
            for key in (names.plain(division.name), names.township_key(division.name)):
                known.townships.setdefault(key, set()).add(division)
        elif division.level == "village":
            for key in (names.plain(division.name), names.village_key(division.name)):
                known.villages.setdefault(key, set()).add(division)
    for organization in Organization.objects.filter(active=True).order_by("code"):
        if not valid(organization):
            continue
        known.organizations_by_code[organization.code] = organization
        keys = {
            *names.organization_keys(organization.name, organization.side),
            *names.organization_keys(organization.short_name, organization.side),
        }
        if organization.kind == "township":
            keys |= {names.township_key(organization.short_name)}
        for key in keys:
            known.organizations.setdefault(key, set()).add(organization)
    for alias in Alias.objects.select_related("division__parent", "organization").order_by("pk"):
        if not valid(alias):
            continue
        if alias.organization is not None and alias.organization.code in known.organizations_by_code:
            for key in names.organization_keys(alias.text, alias.organization.side):
                known.organizations.setdefault(key, set()).add(alias.organization)
        elif alias.division is not None and alias.division.code in known.by_code:
            index = known.townships if alias.kind == "township" else known.villages
            index.setdefault(alias.normalized, set()).add(alias.division)
    return known


def match_township(text: str, *, county: str = SHANTING) -> Division:
    """`Names.match_township` for a single question."""
    return load_names().match_township(text, county=county)


def match_village(text: str, township: Division | None = None) -> Division:
    """`Names.match_village` for a single question."""
    return load_names().match_village(text, township)


def match_organization(text: str, *, side: str | None = None) -> Organization:
    """`Names.match_organization` for a single question."""
    return load_names().match_organization(text, side=side)


def _village_label(village: Division) -> str:
    """With its township in front: whoever is asked to choose must be able to tell them apart."""
    return f"{village.parent.name if village.parent else ''}{village.name}"


def _only(
    what: str, text: str, found: set[T], key: str, known: dict[str, list[str]], label: Callable[[T], str]
) -> T:
    if len(found) == 1:
        return found.pop()
    if found:
        raise Ambiguous(what, text, [label(each) for each in sorted(found, key=lambda each: each.code)])
    near = difflib.get_close_matches(key, [k for k in known if known[k]], n=3, cutoff=0.5)
    raise NoMatch(what, text, list(dict.fromkeys(name for k in near for name in known[k]))[:5])
