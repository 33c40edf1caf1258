"""How a register lays out its form, and what an entry's page calls what it moves."""

from __future__ import annotations

from typing import Any, cast

from django.test import Client
from django.urls import reverse

from desk import forms
from ledger.registers import Register, all_registers
from tests.desk.cast import page_text
from tests.kept import kept
from tests.ledger.world import World
from tests.registers import ON, Trial, a_county

OURS = {
    code: one
    for code, one in all_registers().items()
    if one.columns and not one.model.__module__.startswith("tests.")
}
LONG = 12  # fields that a form shows in one piece at most


@kept
def world() -> World:
    return a_county()


def parts_of(register: Register, world: World, remarks: dict[str, str]) -> list[forms.Part]:
    form: Any = register.form()(user=world.users["局里"], on=ON)  # type: ignore[call-arg]
    return forms.parts(form, register, remarks)


def test_every_field_stands_in_one_part_and_long_forms_have_several(world: World) -> None:
    for code, register in OURS.items():
        found = parts_of(register, world, {})
        names = [field.name for part in found for field in (*part.fields, *part.folded)]
        own = cast("Any", register.form()).base_fields
        units = {f"{name}_unit" for name in own}  # shown beside what they are the unit of
        assert sorted(names) == sorted(set(own) - units), code
        assert not [field.name for part in found for field in part.folded if field.field.required], code
        at_once = [
            [one for one in part.fields if "data-events" not in one.field.widget.attrs] for part in found
        ]
        assert max(map(len, at_once)) <= LONG, code


def test_what_is_folded_away_is_open_where_there_is_something_to_see(world: World) -> None:
    register = all_registers()["placement"]
    assert not any(part.is_open for part in parts_of(register, world, {}))
    found = parts_of(register, world, {"wage": "请核对"})
    assert [part.heading for part in found if part.is_open] == ["岗位"]


def test_an_entry_that_moves_no_money_does_not_speak_of_it(world: World) -> None:
    entry = Trial(world, all_registers()["volunteering"]).filed(
        {"日期": "2022-11-20", "队伍": "试验志愿队", "活动内容": "清理村道", "志愿者人数": "12"}
    )
    client = Client()
    client.force_login(world.users["审核"], backend="django.contrib.auth.backends.ModelBackend")
    page = page_text(client.get(reverse("desk:entry", args=[entry.pk])))
    assert "待审计入" in page
    assert "占住这笔资金" not in page
