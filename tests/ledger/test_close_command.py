"""The command closes as the page does, and says the same when it may not."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from ledger.models import Period, Seal
from tests.ledger.world import make_world

pytestmark = pytest.mark.django_db


def close(code: str, username: str) -> str:
    out = io.StringIO()
    call_command("close_period", code, "--as", username, stdout=out)
    return out.getvalue()


def test_a_quarter_is_closed_and_its_seal_printed() -> None:
    world = make_world()
    world.add_plan(2022, on=date(2022, 2, 10))
    leader, clerk = world.users["领导"].username, world.users["徐庄"].username
    with pytest.raises(CommandError, match="请先关2022年第1季度"):
        close("2022Q2", leader)
    with pytest.raises(CommandError, match="只有区乡村振兴局的审核员或领导"):
        close("2022Q1", clerk)
    with pytest.raises(CommandError, match="没有季度"):
        close("2022年", leader)
    with pytest.raises(CommandError, match="没有用户"):
        close("2022Q1", "nobody")
    said = close("2022q1", leader)
    assert Period.objects.get(code="2022Q1").is_closed
    assert f"封签 {Seal.objects.get().digest}" in said
