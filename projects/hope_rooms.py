"""hope_room: one child, one room, at most 17 (DOMAIN §3 Hope Room; the plan, 二（一）二; CLAUSES C7).

The age window and the day it is asked of are parameters, as the plan says "8至14岁" and not when. No price a room: 17
rooms and 17 万元 suggest one, the plan does not say it. Who the child and the guardian are stands in the directory and
is open to users with the named right only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from django.utils import timezone

from directory.identity import IdentityError, age, check_identity
from directory.models import Organization, User
from directory.names import plain
from directory.people import guardians_for
from ledger.making import BENEFIT, CATEGORY, DIVISION, ID_NUMBER, NAME, WITHHELD, Problem, collect
from ledger.registers import Column, Parameter, Register
from projects.figures import room_cards, room_tables
from projects.models import HopeRoom

State = HopeRoom.State

YOUNGEST = Parameter(
    "hope_room_youngest", "希望小屋儿童最小年龄", 8, "岁", "方案：8至14岁；按周岁，含本数", most=18
)
OLDEST = Parameter(
    "hope_room_oldest", "希望小屋儿童最大年龄", 14, "岁", "方案：8至14岁；按周岁，含本数", most=18
)
AGE_DAY = Parameter(
    "hope_room_age_day",
    "希望小屋年龄计算日",
    0,
    "年月日",
    "写作 20220601；0 表示按评审日期。方案没有写明哪一天",
    most=22_001_231,
)
STEPS = [*State][:-1]  # all but 取消, which may come at any time before 验收
DATES = dict(
    zip(
        STEPS,
        (
            "nominated_on",
            "visited_on",
            "checked_on",
            "selected_on",
            "started_on",
            "completed_on",
            "accepted_on",
            "followed_on",
        ),
        strict=True,
    )
)
# what else a state needs, besides its own date and those before it
NEEDS = {
    State.NOMINATED: ("nominated_by",),
    State.VISITED: ("visited_by",),
    State.CHECKED: ("checked_by",),
    State.SELECTED: ("selected_by",),
    State.STARTED: ("contractor", "works"),
    State.ACCEPTED: ("cost",),
    State.FOLLOWED: ("visits",),
}
WORKS = ("地面", "墙面", "吊顶", "电路", "床", "书桌", "衣柜", "书橱", "灯")
FREE_TEXTS = (
    "nominated_by",
    "visited_by",
    "checked_by",
    "selected_by",
    "works",
    "contractor",
    "funding",
    "volunteers",
    "cancel_reason",
    "note",
)


def may_file(organization: Organization | None) -> bool:
    """Townships, departments and the bureau of 山亭."""
    kinds = {Organization.Kind.TOWNSHIP, Organization.Kind.DEPARTMENT, Organization.Kind.BUREAU}
    return organization is not None and organization.kind in kinds


def prepare(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Works in one writing; and what the rules need of the child before the directory is asked who it is."""
    for row, values in lines:
        row.works = "、".join(part for part in re.split(r"[、，,;；/\s]+", row.works) if part)
        before = values.get("replaces")
        kept = values.get("kept", ())
        row.born = before.person.birth_date if before is not None and "id_number" in kept else None
        typed = values.get("id_number") or ""
        if row.born is None and typed:
            try:
                row.born = check_identity(typed, on=timezone.localdate()).birth
            except IdentityError:
                row.born = None  # the directory says what is wrong with it
        names = [values.get("name"), values.get("guardian_name")]
        if before is not None:
            names += [before.person.name if "name" in kept else None]
            names += [before.guardian.said()[0] if "guardian_name" in kept else None]
        row.names = [plain(name) for name in names if name]


def record_guardians(lines: Sequence[tuple[Any, Mapping[str, Any]]], by: User) -> None:
    """The row gets the id of who consented; a value left as it was shown is the one before."""
    fresh = []
    for row, values in lines:
        kept, before = set(values.get("kept", ())), values.get("replaces")
        untouched = {"guardian_name", "guardian_phones"} <= kept
        if before is not None and before.person_id == row.person_id and untouched:
            row.guardian = before.guardian
            continue
        said = before.guardian.said() if before is not None else ("", "")
        name = said[0] if "guardian_name" in kept else values["guardian_name"]
        phones = said[1] if "guardian_phones" in kept else values["guardian_phones"]
        fresh.append((row, (row.person_id, name, phones)))
    for (row, _), pk in zip(fresh, guardians_for(by=by, rows=[one for _, one in fresh]), strict=True):
        row.guardian_id = pk


def errors(row: HopeRoom, by: User, on: date) -> Mapping[str, list[str]]:
    """Age, dates and states, and nobody's name in a text."""
    return collect(
        [*_age_problems(row), *_date_problems(row, on), *_state_problems(row), *_name_problems(row)]
    )


def _born(row: HopeRoom) -> date | None:
    return row.person.birth_date if row.person_id is not None else getattr(row, "born", None)


class Window(NamedTuple):
    """The ages, both included, and the day they are asked of: None for that of the 评审."""

    youngest: int
    oldest: int
    day: date | None


def _window() -> Window:
    """What the bureau has set."""
    set_to, day = AGE_DAY.value(), None
    if set_to:
        with suppress(ValueError):  # a number that is no day: as if none were set
            day = date(set_to // 10_000, set_to // 100 % 100, set_to % 100)
    return Window(YOUNGEST.value(), OLDEST.value(), day)


def _age_problems(row: HopeRoom) -> Iterator[Problem]:
    """8 to 14 on the day that counts, both included. Before it, who is too old already; who is too young may get there."""
    born = _born(row)
    if born is None or row.state == State.CANCELLED:
        return
    youngest, oldest, fixed = _window()
    rule = f"方案要求 {youngest} 至 {oldest} 周岁（参数“{YOUNGEST.name}”“{OLDEST.name}”）"
    day = fixed or row.selected_on
    called = f"“{AGE_DAY.name}”" if fixed else "评审日期"
    if day is not None:
        years = age(born, day)
        if not youngest <= years <= oldest:
            yield "id_number", f"这名儿童在{called} {day} 为 {years} 周岁，{rule}，不能列入希望小屋。"
    elif age(born, row.nominated_on) > oldest:
        years = age(born, row.nominated_on)
        yield (
            "id_number",
            f"这名儿童在提报日期 {row.nominated_on} 已 {years} 周岁，{rule}，不能列入希望小屋。",
        )


def _date_problems(row: HopeRoom, on: date) -> Iterator[Problem]:
    labels = _labels()
    dated = [(name, day) for name in DATES.values() if (day := getattr(row, name)) is not None]
    for (before, first), (name, day) in pairwise(dated):
        if day < first:
            yield name, f"{labels[name]} {day} 早于{labels[before]} {first}，请核对。"
    for name in (*DATES.values(), "consent_on", "cancelled_on"):
        day = getattr(row, name)
        if day is not None and day > on:
            yield name, f"{labels[name]} {day} 晚于今天（{on}），发生后再填。"
    last = max(day for _, day in dated)
    if row.cancelled_on is not None and row.cancelled_on < last:
        yield "cancelled_on", f"取消日期 {row.cancelled_on} 早于前面的日期 {last}，请核对。"
    if row.selected_on is not None and row.consent_on > row.selected_on:
        yield "consent_on", f"监护人同意日期 {row.consent_on} 晚于评审日期 {row.selected_on}，须先同意。"


def _state_problems(row: HopeRoom) -> Iterator[Problem]:
    labels = _labels()
    now = row.get_state_display()
    if row.state == State.CANCELLED:
        for name in ("cancelled_on", "cancel_reason"):
            if not getattr(row, name):
                yield name, f"状态是“{now}”，请填写{labels[name]}。"
        if row.accepted_on is not None:
            yield "state", "已验收的小屋不能取消；不该有的用“红冲”，填错了的用“更正”。"
    else:
        reached = STEPS.index(State(row.state))
        for step in STEPS[: reached + 1]:
            for name in (DATES[step], *NEEDS.get(step, ())):
                if not getattr(row, name):
                    yield name, f"状态是“{now}”，请填写{labels[name]}。"
        for step in STEPS[reached + 1 :]:
            if getattr(row, DATES[step]) is not None:
                yield "state", f"已填{labels[DATES[step]]}，状态应为“{step.label}”。"
        for name in ("cancelled_on", "cancel_reason"):
            if getattr(row, name):
                yield name, f"状态不是“取消”，不填{labels[name]}。"
    before = row.before
    if before is not None:
        if before.state == State.CANCELLED:
            yield "state", "这个小屋已取消；原来填错了的请用“更正”。"
        elif row.state != State.CANCELLED and STEPS.index(State(row.state)) < STEPS.index(
            State(before.state)
        ):
            yield "state", f"状态不能从“{before.get_state_display()}”退回“{now}”；原来填错了的请用“更正”。"
        if (row.visits or 0) < (before.visits or 0):
            yield "visits", f"随访次数不能比上一步的 {before.visits} 次少。"


def _name_problems(row: HopeRoom) -> Iterator[Problem]:
    """What anybody may read names neither child nor guardian."""
    names = list(getattr(row, "names", ()))
    for name in FREE_TEXTS:
        text = plain(getattr(row, name))
        if any(len(one) > 1 and one in text for one in names):
            yield name, f"{_labels()[name]}人人可见，请不要写儿童或监护人的姓名。"


def warnings(row: HopeRoom) -> list[str]:
    """Who is not yet old enough, and works that are none of the usual."""
    found = []
    born, day = _born(row), row.selected_on
    if born is not None and day is None and age(born, row.nominated_on) < YOUNGEST.value():
        found.append(f"这名儿童在提报日期不满 {YOUNGEST.value()} 周岁，评审时须核对年龄。")
    unusual = [part for part in row.works.split("、") if part and part not in WORKS]
    if unusual:
        found.append(f"改造内容里的“{'、'.join(unusual)}”不在常用项目（{'、'.join(WORKS)}）里，请核对写法。")
    if row.is_finished and not row.volunteers:
        found.append("验收后请登记结对志愿队伍，安排随访。")
    return found


def changed_on(row: HopeRoom) -> date:
    """When its present state began."""
    if row.state == State.CANCELLED and row.cancelled_on is not None:
        return row.cancelled_on
    days: list[date] = [day for name in DATES.values() if (day := getattr(row, name)) is not None]
    return max(days)


def town_of(row: HopeRoom) -> str:
    """The township's name; no village: there may be one such child in it."""
    place = row.division
    town = place.parent if place is not None and place.level == "village" else place
    return town.name if town is not None else ""


def evidence_rule(row: HopeRoom) -> str:
    """What hangs on each state's entry; the consent on the first."""
    if row.state == State.CANCELLED:
        return "取消的说明或批复"
    if row.is_finished:
        return "监护人同意书、改造前后照片（不露脸）和验收单"
    return "监护人同意书" if row.state != State.SELECTED else "监护人同意书和评审表"


def _labels() -> dict[str, str]:
    return {column.name: column.label for column in HOPE_ROOM.columns}


SHOWN_BEFORE_NEEDED = {"cost": State.STARTED, "funding": State.STARTED, "volunteers": State.ACCEPTED}


def _in_their_states(*columns: Column) -> tuple[Column, ...]:
    return tuple(_in_its_states(column) for column in columns)


def _in_its_states(column: Column) -> Column:
    """A form shows a column from the state on that asks for it; what a cancelled room says, of that state only."""
    if column.name in ("cancelled_on", "cancel_reason"):
        return replace(column, when=("state", (State.CANCELLED,)), must_when=(State.CANCELLED,))
    asks = {name: step for step, names in NEEDS.items() for name in names} | {d: s for s, d in DATES.items()}
    first = SHOWN_BEFORE_NEEDED.get(column.name) or asks.get(column.name)
    if first is None or column.required:
        return column
    needed = tuple(STEPS[STEPS.index(asks[column.name]) :]) if column.name in asks else ()
    return replace(column, when=("state", tuple(STEPS[STEPS.index(first) :])), must_when=needed)


NOBODY_ELSE = "只有专项授权的人能看到。"
HOPE_ROOM = Register(
    code="hope_room",
    name="希望小屋",
    model=HopeRoom,
    is_restricted=True,
    columns=_in_their_states(
        replace(NAME, label="儿童姓名", aliases=("姓名", "受助儿童"), help=NOBODY_ELSE),
        replace(ID_NUMBER, label="儿童身份证号", aliases=("身份证号", "身份证号码", "证件号码"), required=True,
                help=f"户口簿上有；年龄按它核对。{NOBODY_ELSE}"),
        replace(DIVISION, required=True, personal=True, help="记录里只显示到镇街。"),
        CATEGORY,
        Column("guardian_name", "监护人", "person_name", required=True, personal=True, aliases=("监护人姓名", "家长"),
               help=NOBODY_ELSE),
        Column("relation", "监护人与儿童关系", "choice", required=True, aliases=("与儿童关系", "关系"),
               choices=(*HopeRoom.Relation.choices, ("grandparent", "爷爷"), ("grandparent", "奶奶"),
                        ("maternal", "姥爷"), ("maternal", "姥姥"), ("father", "父子"), ("father", "父女"),
                        ("mother", "母子"), ("mother", "母女"))),
        Column("guardian_phones", "监护人电话", "phone", required=True, personal=True, aliases=("联系电话", "电话"),
               help=NOBODY_ELSE),
        Column("consent_on", "监护人同意日期", "date", required=True, aliases=("同意日期",), help="同意书传在凭据里。"),
        Column("difficulty", "困难类型", "choice", required=True, aliases=("困境类型", "致困原因"),
               choices=(*HopeRoom.Difficulty.choices, ("allowance", "低保户"), ("lifted", "脱贫户"),
                        ("monitored", "监测户"))),
        Column("state", "状态", "choice", required=True, choices=(*State.choices,), aliases=("进展", "建设状态")),
        Column("nominated_on", "提报日期", "date", required=True, aliases=("提报时间",)),
        Column("nominated_by", "提报人", "text", required=True),
        Column("visited_on", "回访日期", "date", aliases=("回访时间",)),
        Column("visited_by", "回访人", "text"),
        Column("checked_on", "复核日期", "date", aliases=("复核时间",)),
        Column("checked_by", "复核人", "text"),
        Column("selected_on", "评审日期", "date", aliases=("评审时间", "评审日"), help="评审通过即占 17 个名额之一。"),
        Column("selected_by", "评审人", "text"),
        Column("works", "改造内容", "text", aliases=("改造项目", "建设内容"), example="地面、墙面、床、书桌"),
        Column("contractor", "施工单位", "text", aliases=("承建单位",)),
        Column("cost", "造价", "money", unit="元", aliases=("造价(元)", "造价（元）", "费用", "资金(元)", "资金（元）")),
        Column("funding", "资金来源", "text", aliases=("捐赠方",)),
        Column("started_on", "开工日期", "date", aliases=("开工时间",)),
        Column("completed_on", "完工日期", "date", aliases=("完工时间", "竣工日期")),
        Column("accepted_on", "验收日期", "date", aliases=("验收时间",)),
        Column("volunteers", "结对志愿队伍", "text", aliases=("志愿者", "结对志愿者", "志愿服务队"), example="团区委志愿服务队"),
        Column("followed_on", "最近随访日期", "date", aliases=("随访日期", "随访时间")),
        Column("visits", "随访次数", "integer", unit="次", aliases=("累计随访次数",)),
        Column("cancelled_on", "取消日期", "date"),
        Column("cancel_reason", "取消原因", "text"),
        Column("note", "备注", "text", help="人人可见，不写姓名。"),
    ),
    headings={"name": "儿童和监护人", "state": "进展", "works": "改造", "volunteers": "随访", "cancelled_on": "其他"},
    folded=("funding",),
    prepare=prepare,
    complete=record_guardians,
    texts=lambda row, published: {"guardian_name": f"监护人{row.guardian_id}", "guardian_phones": WITHHELD},
    natural_key=lambda row: str(row.person_id),
    occurred_on=changed_on,
    counts_on=lambda row: row.counts_on,
    summary=lambda row: f"儿童{row.person_id} · {town_of(row)} · {row.get_state_display()}",
    errors=errors,
    warnings=warnings,
    evidence_rule=evidence_rule,
    may_file=may_file,
    next_step="登记小屋进展",
    adds={
        "hope_rooms": lambda row: int(row.takes_place),
        "hope_rooms_accepted": lambda row: int(row.is_finished),
    },
    counts={BENEFIT: lambda row: row.is_finished},
    parameters=(YOUNGEST, OLDEST, AGE_DAY),
    cards=room_cards,
    report_tables=room_tables,
)  # fmt: skip
