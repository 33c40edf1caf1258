"""No index that another makes needless on a table that grows with the entries (docs/adr/0016-indexes-that-are-asked.md)."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from directory.models import Person
from ledger.models import Entry

GROWING = [
    model
    for model in apps.get_models()
    if model in (Entry, Person)
    or {field.related_model for field in model._meta.local_fields} & {Entry, Person}
]


def whole_keys(model: type[models.Model]) -> list[list[str]]:
    """The columns of each index that holds every row: of unique constraints and of Meta.indexes."""
    found = [
        list(c.fields)
        for c in model._meta.constraints
        if isinstance(c, models.UniqueConstraint) and not c.condition
    ]
    found += [[name.lstrip("-") for name in i.fields] for i in model._meta.indexes if not i.condition]
    return [*found, *map(list, model._meta.unique_together)]


@pytest.mark.parametrize("model", GROWING, ids=lambda model: model._meta.label)
def test_no_column_has_an_index_of_its_own_that_begins_a_longer_one(model: type[models.Model]) -> None:
    first = {fields[0] for fields in whole_keys(model)}
    fields: list[Any] = list(model._meta.local_fields)
    needless = [f.name for f in fields if f.db_index and not f.unique and f.name in first]
    assert needless == []
