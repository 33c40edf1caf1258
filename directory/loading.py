"""The directory as data: reads fixtures/divisions.csv and fixtures/organizations.yaml into the tables."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction

from audit import events
from directory.models import Alias, Division, Organization


@dataclass(frozen=True)
class Loaded:
    """How many rows were added; what was there already stays as it is."""

    divisions: int
    organizations: int
    aliases: int

    def __str__(self) -> str:
        return f"新增区划 {self.divisions} 个、单位 {self.organizations} 个、别名 {self.aliases} 个。"


def load_directory(folder: Path | None = None) -> Loaded:
    """Add the divisions, units and aliases of `folder` (fixtures/) that are missing; safe to repeat.

    Never changes a row that is there: an administrator may have renamed or ended it since.
    """
    folder = folder or Path(settings.BASE_DIR) / "fixtures"
    with (folder / "divisions.csv").open(encoding="utf-8", newline="") as file:
        division_rows = list(csv.DictReader(file))
    units: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        (folder / "organizations.yaml").read_text(encoding="utf-8")
    )
    with transaction.atomic():
        loaded = Loaded(
            divisions=_add_divisions(division_rows),
            organizations=_add_organizations(units),
            aliases=_add_aliases(units),
        )
        if loaded != Loaded(0, 0, 0):
            events.record(
                verb="directory.loaded",
                by=None,
                target="directory",
                summary=f"载入名录：{loaded}",
                details={
                    "divisions": loaded.divisions,
                    "organizations": loaded.organizations,
                    "aliases": loaded.aliases,
                },
            )
    return loaded


def _add_divisions(rows: list[dict[str, str]]) -> int:
    added = 0
    for level in Division.Level.values:  # parents before their children
        known = {division.code: division for division in Division.objects.all()}
        new = [
            Division(
                code=row["code"],
                name=row["name"],
                level=level,
                parent=known[row["parent"]] if row["parent"] else None,
            )
            for row in rows
            if row["level"] == level and row["code"] not in known
        ]
        added += len(Division.objects.bulk_create(new))
    return added


def _add_organizations(units: dict[str, list[dict[str, Any]]]) -> int:
    divisions = {division.code: division for division in Division.objects.exclude(level="village")}
    counties = {"shanting": divisions["370406"], "rongcheng": divisions["371082"]}
    known = set(Organization.objects.values_list("code", flat=True))
    new = [
        Organization(
            code=row["code"],
            name=row["name"],
            short_name=row["short_name"],
            kind=row["kind"],
            side=side,
            division=divisions.get(row["code"], county),
        )
        for side, county in counties.items()
        for row in units[side]
        if row["code"] not in known
    ]
    return len(Organization.objects.bulk_create(new))


def _add_aliases(units: dict[str, list[dict[str, Any]]]) -> int:
    """An alias the administrator moved to another unit, or ended, is found by its text and left alone."""
    organizations = {each.code: each for each in Organization.objects.all()}
    townships = {each.code: each for each in Division.objects.filter(level="township")}
    known = set(Alias.objects.values_list("kind", "normalized"))
    wanted = [
        Alias(kind="organization", text=text, organization=organizations[row["code"]])
        for row in [*units["shanting"], *units["rongcheng"]]
        for text in row.get("aliases", [])
    ] + [
        Alias(kind="township", text=text, division=townships[row["code"]])
        for row in units["townships"]
        for text in row["aliases"]
    ]
    added = 0
    for alias in wanted:
        if (alias.kind, Alias.normalize(alias.kind, alias.text)) not in known:
            alias.save()
            added += 1
    return added
