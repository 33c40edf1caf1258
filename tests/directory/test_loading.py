"""The directory as data: complete, and safe to load again."""

from __future__ import annotations

from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command

from audit.models import Event
from directory.loading import Loaded, load_directory
from directory.models import Alias, Division, Organization

pytestmark = pytest.mark.django_db

VILLAGES_OF = {
    "山城街道": 43,
    "店子镇": 17,
    "西集镇": 15,
    "桑村镇": 20,
    "北庄镇": 21,
    "城头镇": 21,
    "徐庄镇": 42,
    "水泉镇": 34,
    "冯卯镇": 35,
    "凫城镇": 18,
    "山亭经济开发区": 14,
}


def test_all_places_of_both_counties_are_there() -> None:
    load_directory()
    villages = Division.objects.filter(level="village").values_list("parent__name", flat=True)
    assert Counter(villages) == VILLAGES_OF
    assert Division.objects.filter(level="township", code__startswith="371082").count() == 22
    endings = Counter(
        name[-3:] for name in Division.objects.filter(level="village").values_list("name", flat=True)
    )
    assert (endings["村委会"], endings["居委会"]) == (260, 19)


def test_every_row_of_the_fixtures_passes_its_own_validation() -> None:
    load_directory()
    for row in [*Division.objects.all(), *Organization.objects.all(), *Alias.objects.all()]:
        row.full_clean()


def test_there_is_one_bureau_one_finance_office_and_a_unit_for_each_township() -> None:
    load_directory()
    kinds = Counter(Organization.objects.values_list("kind", flat=True))
    assert (kinds["bureau"], kinds["finance"], kinds["township"]) == (1, 1, 11)
    for unit in Organization.objects.filter(kind="township").select_related("division"):
        assert unit.division is not None
        assert (unit.code, unit.short_name) == (unit.division.code, unit.division.name)


def test_loading_again_adds_nothing_changes_nothing_and_says_nothing() -> None:
    first = load_directory()
    assert first.divisions == 315
    Organization.objects.filter(code="kjj").update(short_name="区科学技术局", active=False)
    alias = Alias.objects.get(text="开发区", kind="township")
    alias.division = Division.objects.get(code="370406106")
    alias.save()
    assert load_directory() == Loaded(0, 0, 0)
    assert Organization.objects.get(code="kjj").short_name == "区科学技术局"
    alias.refresh_from_db()
    assert alias.division is not None
    assert alias.division.code == "370406106"
    assert Event.objects.filter(verb="directory.loaded").count() == 1


def test_the_command_tells_what_it_added() -> None:
    out = StringIO()
    call_command("load_directory", stdout=out)
    assert "新增区划 315 个" in out.getvalue()
    call_command("load_directory", stdout=out)
    assert "新增区划 0 个、单位 0 个、别名 0 个。" in out.getvalue()
