"""Every trap of DOMAIN §5: a name finds exactly the place that is meant, or says why not."""

from __future__ import annotations

import datetime

import pytest

from directory import matching
from directory.loading import load_directory
from directory.matching import Ambiguous, Names, NoMatch, load_names
from directory.models import Alias, Division, Organization
from directory.names import village_key

# text → township code
TOWNSHIPS = {
    "徐庄镇": "370406106",
    "徐庄": "370406106",
    " 徐 庄 镇\u3000": "370406106",
    "徐庄镇人民政府": "370406106",
    "山亭区徐庄镇": "370406106",
    "枣庄市山亭区徐庄镇": "370406106",
    "370406106": "370406106",
    "３７０４０６１０６": "370406106",
    "370406106000": "370406106",
    "山城街道": "370406001",
    "山城街道办事处": "370406001",
    "山城": "370406001",
    "山亭经济开发区": "370406405",
    "开发区": "370406405",
    "经济开发区": "370406405",
    "北庄镇": "370406104",
    "店子": "370406101",
}
NOT_TOWNSHIPS = [
    "徐庄村",
    "前徐庄",
    "徐庄镇徐庄村",
    "宁津街道",
    "371082001",
    "370406106210",
    "370406999",
    "庄",
    "",
]

# text, township (short name or None) → village code
VILLAGES = {
    ("湖沟村", "徐庄镇"): "370406106204",
    ("湖沟村委会", "徐庄镇"): "370406106204",
    ("湖沟村村民委员会", "徐庄镇"): "370406106204",
    ("湖沟", "徐庄镇"): "370406106204",
    ("湖沟", None): "370406106204",
    ("徐庄镇湖沟村", None): "370406106204",
    ("徐庄镇湖沟村", "徐庄镇"): "370406106204",
    ("山亭区徐庄镇湖沟村", None): "370406106204",
    ("370406106204", None): "370406106204",
    ("370406106204", "徐庄镇"): "370406106204",
    ("徐庄村", "徐庄镇"): "370406106210",
    ("徐庄", "徐庄镇"): "370406106210",
    ("徐庄", None): "370406106210",
    ("徐庄镇徐庄", None): "370406106210",
    ("前徐庄", "徐庄镇"): "370406106205",
    ("前徐庄村", None): "370406106205",
    ("别庄", "冯卯镇"): "370406108207",
    ("别庄村", None): "370406108207",
    ("姚营村", "店子镇"): "370406101207",
    ("北庄", "北庄镇"): "370406104200",
    ("桑村", "桑村镇"): None,  # filled below: 桑村村委会, whose name itself ends in 村
    ("灵芝湖社区", "山城街道"): "370406001025",
    ("灵芝湖", "山城街道"): "370406001025",
}
NOT_VILLAGES = [
    ("徐庄镇", None),  # the township is not the village
    ("庄", "徐庄镇"),
    ("湖沟村", "店子镇"),
    ("店子镇湖沟村", "徐庄镇"),  # the township in front contradicts
    ("370406106204", "店子镇"),  # so does the code
    ("370406106999", None),
    ("村", "徐庄镇"),
    ("", "徐庄镇"),
    ("徐庄前", "徐庄镇"),
]
SHARED = [
    "高庄",
    "东庄",
    "刘庄",
    "后峪",
    "宋庄",
    "张庄",
    "张山头",
    "付庄",
    "徐洼",
    "柳泉",
    "双山",
    "翼云",
    "柴林",
    "郭庄",
]


def township(names: Names, short: str | None) -> Division | None:
    return names.match_township(short) if short else None


@pytest.mark.parametrize(("text", "code"), TOWNSHIPS.items())
def test_a_township_is_found(names: Names, text: str, code: str) -> None:
    assert names.match_township(text).code == code


@pytest.mark.parametrize("text", NOT_TOWNSHIPS)
def test_a_township_is_not_guessed(names: Names, text: str) -> None:
    with pytest.raises(NoMatch):
        names.match_township(text)


def test_townships_of_rongcheng_are_found_when_asked_for(names: Names) -> None:
    assert names.match_township("宁津街道", county="371082").code == "371082001"
    assert names.match_township("荣成市俚岛镇", county="371082").code == "371082101"


@pytest.mark.parametrize(("text", "town"), VILLAGES)
def test_a_village_is_found(names: Names, text: str, town: str | None) -> None:
    found = names.match_village(text, township(names, town))
    expected = VILLAGES[text, town]
    assert found.code == expected or (expected is None and found.name == "桑村村委会")


@pytest.mark.parametrize(("text", "town"), NOT_VILLAGES)
def test_a_village_is_not_guessed(names: Names, text: str, town: str | None) -> None:
    with pytest.raises(NoMatch):
        names.match_village(text, township(names, town))


def test_every_village_finds_itself_by_every_official_and_daily_form(names: Names) -> None:
    villages = [division for division in names.by_code.values() if division.level == "village"]
    assert len(villages) == 280
    for village in villages:
        town = village.parent
        assert town is not None
        short = village_key(village.name)
        for text in (village.name, short, f"{short}村", f"{short}村委会", f"{short}社区", f"{short}居委会"):
            assert names.match_village(text, town) == village, text
            assert names.match_village(f"{town.name}{text}") == village, text
        assert names.match_village(village.code) == village


def test_no_two_villages_of_a_township_have_one_name(names: Names) -> None:
    keys = [(d.parent_id, village_key(d.name)) for d in names.by_code.values() if d.level == "village"]
    assert len(keys) == len(set(keys)) == 280


@pytest.mark.parametrize("name", SHARED)
def test_a_name_of_several_townships_is_asked_back(names: Names, name: str) -> None:
    with pytest.raises(Ambiguous) as caught:
        names.match_village(name + "村")
    candidates = caught.value.candidates
    assert len(candidates) == (3 if name == "高庄" else 2)
    assert all(candidate in str(caught.value) for candidate in candidates)
    for candidate in candidates:  # each of the names offered settles it
        assert names.match_village(candidate).level == "village"


def test_exactly_the_known_fourteen_names_are_shared(names: Names) -> None:
    shared = set()
    for key, divisions in names.villages.items():
        if len({division.parent_id for division in divisions}) > 1:
            shared.add(village_key(key))
    assert shared == set(SHARED)


def test_what_is_not_found_comes_with_what_is_near(names: Names) -> None:
    with pytest.raises(NoMatch) as caught:
        names.match_village("湖构村", names.match_township("徐庄镇"))
    assert "徐庄镇湖沟村委会" in caught.value.suggestions
    assert "是否指：" in str(caught.value)
    with pytest.raises(NoMatch) as caught:
        names.match_township("徐庄乡")
    assert "徐庄镇" in caught.value.suggestions
    with pytest.raises(NoMatch) as caught:
        names.match_organization("zzzz")
    assert "登记别名" in str(caught.value)


# text, side → unit code
ORGANIZATIONS = {
    ("xczxj", None): "xczxj",
    ("区乡村振兴局", None): "xczxj",
    ("山亭区乡村振兴局", None): "xczxj",
    ("枣庄市山亭区乡村振兴局", None): "xczxj",
    ("乡村振兴局", "shanting"): "xczxj",
    ("乡村振兴局", "rongcheng"): "rcxczxj",
    ("荣成市乡村振兴局", None): "rcxczxj",
    ("荣成乡村振兴局", None): "rcxczxj",
    ("威海市荣成市财政局", None): "rcczj",
    ("区财政局", None): "czj",
    ("财政局", "shanting"): "czj",
    ("区人社局", None): "rsj",
    ("区人力资源和社会保障局", None): "rsj",
    ("荣成市人社部门", None): "rcrsj",
    ("组织部", "shanting"): "zzb",
    ("区委组织部", None): "zzb",
    ("团区委", None): "tqw",
    ("妇联", None): "fl",
    ("徐庄镇", None): "370406106",
    ("徐庄镇人民政府", None): "370406106",
    ("山亭区徐庄镇人民政府", None): "370406106",
    ("徐庄", None): "370406106",
    ("370406106", None): "370406106",
    ("开发区", None): "370406405",
}


@pytest.mark.parametrize(("text", "side"), ORGANIZATIONS)
def test_a_unit_is_found(names: Names, text: str, side: str | None) -> None:
    assert names.match_organization(text, side=side).code == ORGANIZATIONS[text, side]


@pytest.mark.parametrize("text", ["财政局", "乡村振兴局", "人社局"])
def test_a_unit_that_both_sides_have_is_asked_back(names: Names, text: str) -> None:
    with pytest.raises(Ambiguous) as caught:
        names.match_organization(text)
    assert len(caught.value.candidates) == 2


@pytest.mark.parametrize("text", ["市财政局", "枣庄市财政局", "威海市财政局", "徐庄村", "前徐庄", "局", ""])
def test_a_unit_is_not_guessed(names: Names, text: str) -> None:
    with pytest.raises(NoMatch):
        names.match_organization(text)


@pytest.mark.django_db
def test_an_alias_is_data_with_a_time_of_its_own() -> None:
    load_directory()
    with pytest.raises(NoMatch):
        matching.match_village("湖沟新村", matching.match_township("徐庄镇"))
    Alias.objects.create(
        kind="village",
        text="湖沟新村",
        division=Division.objects.get(code="370406106204"),
        valid_from=datetime.date(2022, 7, 1),
    )
    assert matching.match_village("湖沟 新村村委会", matching.match_township("徐庄")).code == "370406106204"
    with pytest.raises(NoMatch):
        load_names(on=datetime.date(2022, 6, 30)).match_village("湖沟新村")
    assert load_names(on=datetime.date(2022, 7, 1)).match_village("湖沟新村").code == "370406106204"


@pytest.mark.django_db
def test_a_division_or_unit_that_has_ended_is_not_found_afterwards() -> None:
    load_directory()
    Division.objects.filter(code="370406106204").update(valid_to=datetime.date(2022, 6, 30))
    assert load_names(on=datetime.date(2022, 6, 30)).match_village("湖沟").code == "370406106204"
    with pytest.raises(NoMatch):
        load_names(on=datetime.date(2022, 7, 1)).match_village("湖沟")
    Organization.objects.filter(code="kjj").update(active=False)
    with pytest.raises(NoMatch):
        matching.match_organization("区科技局")


@pytest.mark.django_db
def test_reading_all_names_takes_three_queries(django_assert_num_queries: object) -> None:
    load_directory()
    with django_assert_num_queries(3):  # type: ignore[operator]
        known = load_names()
        known.match_village("高庄", known.match_township("徐庄镇"))
        known.match_organization("徐庄镇")
