"""A filed version of a fund flow cannot be changed or deleted, whatever the door (DESIGN §2.3)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from funds.models import FundFlow
from tests.ledger.world import World


def test_no_door_changes_or_deletes_a_filed_version(world: World) -> None:
    row = FundFlow.objects.order_by("pk")[0]
    with pytest.raises(IntegrityError, match="funds_fundflow_no_update"), transaction.atomic():
        FundFlow.objects.filter(pk=row.pk).update(amount=1)
    with pytest.raises(IntegrityError, match="funds_fundflow_no_delete"), transaction.atomic():
        row.delete()
    for statement in ("UPDATE funds_fundflow SET note = 'x'", "DELETE FROM funds_fundflow"):
        with (
            pytest.raises(IntegrityError, match="funds_fundflow"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_an_amount_of_nothing_is_refused_by_the_database(world: World) -> None:
    row = FundFlow.objects.select_related("entry", "plan").order_by("pk")[0]
    row.pk, row.version, row.amount = None, 9, 0
    with pytest.raises(IntegrityError, match="fund_flow_amount_positive"), transaction.atomic():
        row.save(force_insert=True)
