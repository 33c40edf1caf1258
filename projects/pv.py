"""pv_station, pv_yield, pv_share: what a station is, makes, earns, and what its income is used for (DOMAIN §3 PV).

Income runs on a chain of the station's own, outside the 450 万元: received → used, so that no more is given out than
came in (DESIGN §1). Energy is counted in 0.01 kWh beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F

from directory.matching import Ambiguous, NoMatch, load_names
from directory.models import Division, User
from directory.names import plain
from ledger.accounts import outside_account, own_account
from ledger.making import NOTE, Problem, collect, joined, pointed_at, towns_and_departments, waits_for
from ledger.models import Account, Entry, Unit
from ledger.registers import Column, Leg, Parameter, Register
from projects.figures import pv_tables
from projects.models import PvShare, PvStation, PvYield

LEAST_YIELD = Parameter(
    "pv_least_yield",
    "光伏年发电量下限",
    800,
    "千瓦时/千瓦",
    "全年每千瓦发电量低于它即提示；按惯例",
    most=5_000,
)
MOST_YIELD = Parameter(
    "pv_most_yield",
    "光伏年发电量上限",
    1600,
    "千瓦时/千瓦",
    "全年每千瓦发电量高于它即提示；按惯例",
    most=5_000,
)
INCOME_GAP = Parameter(
    "pv_income_gap",
    "光伏收入与电量电价之积的差距",
    5,
    "%",
    "收入与上网电量×电价相差超过它即提示；按惯例",
    most=100,
)
ENERGY, INCOME, USED = "pv_energy", "pv_income", "pv_used"
GENERATED, EARNED, GIVEN = "generated", "earned", "given"


# --- the station ------------------------------------------------------------------------------------------------


def read_shares(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """ "别庄村 60%、北庄村40％" to one writing, the villages by their names; what is wrong is kept for the rules."""
    names = load_names() if lines else None
    for row, _ in lines:
        if row.line is not None:
            row.plan = row.line.plan  # built with the money of that plan, whenever it is finished
        row.share_problems, read = [], []
        assert names is not None
        for part in filter(None, re.split(r"[、，,;；/\n]+", row.shares)):
            text = plain(part)
            match = re.fullmatch(r"(\D+)(\d+(?:\.\d{1,2})?)%?", text)
            if match is None:
                row.share_problems.append(
                    f"“{part.strip()[:20]}”读不出村名和份额，请写成“冯卯镇别庄村 60%”。"
                )
                continue
            try:
                read.append((_place_name(names.match_village(match[1])), Decimal(match[2])))
            except (NoMatch, Ambiguous) as error:
                row.share_problems.append(str(error))
            except InvalidOperation:
                row.share_problems.append(f"“{part.strip()[:20]}”的份额不是数字。")
        total = sum((share for _, share in read), Decimal(0))
        if not row.share_problems and total != 100:
            row.share_problems.append(f"各村份额合计应为 100%，现为 {total:f}%，请核对。")
        if not row.share_problems:
            row.shares = "、".join(f"{name} {share:f}%" for name, share in read)


def _place_name(village: Division) -> str:
    return f"{village.parent.name if village.parent else ''}{village.name}"


def station_errors(row: PvStation, by: User, on: date) -> Mapping[str, list[str]]:
    """Capacity, shares, and whose villages they are."""
    return collect(_station_problems(row))


def _station_problems(row: PvStation) -> Iterator[Problem]:
    if not row.capacity:
        yield "capacity", "装机容量须大于 0。"
    for text in getattr(row, "share_problems", ()):
        yield "shares", text
    villages = row.shares.count("%")
    if not getattr(row, "share_problems", ()) and (villages > 1) != (row.kind == PvStation.Kind.JOINT):
        yield "kind", f"写了 {villages} 个村的份额，电站类型是“{row.get_kind_display()}”，请核对。"


def station_warnings(row: PvStation) -> list[str]:
    """A village's station is small (DOMAIN §3: ≤ 300 kW, 500 at most)."""
    return ["装机容量超过 500 千瓦，村级电站很少这样大，请核对单位。"] if row.capacity > 500 else []


def station_unused(row: PvStation) -> str:
    """A station with months or uses of its income in the books is not taken back before them."""
    if row.entry.kind != Entry.Kind.REVERSAL or row.entry.follows_id is not None:
        return ""
    live = {
        "station": row.entry.subject_id,
        "entry__subject__in_force": F("entry"),
        "version": F("entry__version"),
    }
    used = [
        number
        for model in (PvYield, PvShare)
        for number in model.objects.filter(**live).order_by("entry_id").values_list("entry_id", flat=True)[:5]
    ]
    if not used:
        return ""
    return f"电站已有发电收入或分配记录（{'、'.join(f'{n} 号' for n in used)}），请先红冲这些记录。"


def station_names(row: PvStation) -> list[str]:
    """How other sheets call it."""
    return [row.name, *([row.number] if row.number else [])]


PV_STATION = Register(
    code="pv_station",
    name="光伏电站",
    model=PvStation,
    columns=(
        Column("name", "电站名称", "text", required=True, aliases=("项目名称", "名称"), example="别庄村光伏电站"),
        Column("number", "发电户号", "text", aliases=("户号", "电站编号"), numbered=True),
        Column("line", "项目", "line", aliases=("项目编码",), help="用协作资金建的选项目；其他资金建的不选。"),
        Column("place", "所在村", "village", required=True, aliases=("建设地点", "镇村"), example="冯卯镇别庄村"),
        Column("kind", "电站类型", "choice", required=True, choices=(*PvStation.Kind.choices,)),
        Column("capacity", "装机容量", "decimal", unit="千瓦", required=True, example="300.00",
               aliases=("装机容量(kW)", "装机容量（kW）", "装机容量(千瓦)", "装机容量kW")),
        Column("modules", "组件和逆变器", "text", aliases=("组件/逆变器", "设备")),
        Column("grid_on", "并网日期", "date", required=True, aliases=("并网时间",)),
        Column("feed", "上网方式", "choice", required=True, choices=(*PvStation.Feed.choices, ("rest", "余电上网"))),
        Column("owner", "产权单位", "text", required=True, aliases=("产权归属", "所有权"), example="别庄村股份经济合作社"),
        Column("shares", "各村份额", "text", required=True, aliases=("份额", "联村份额"), example="冯卯镇别庄村 100%",
               help="联村电站把各村都写上，用顿号隔开，合计 100%。"),
        Column("keeper", "管护单位", "text", aliases=("运维单位", "管护责任人")),
        NOTE,
    ),
    headings={"name": "电站", "kind": "规模", "owner": "产权和管护"},
    folded=("number", "line", "modules", "note"),
    prepare=read_shares,
    natural_key=lambda row: joined(row.place_id, row.name),
    called=station_names,
    occurred_on=lambda row: row.grid_on,
    summary=lambda row: f"{row.name} · {row.capacity:.2f} 千瓦 · {row.grid_on:%Y-%m-%d} 并网",
    errors=station_errors,
    warnings=station_warnings,
    evidence_rule=lambda row: "并网验收单或购售电合同",
    not_yet=station_unused,
    may_file=towns_and_departments,
    next_step="登记电站变更",
)  # fmt: skip


# --- what it makes and earns ------------------------------------------------------------------------------------


def set_stations(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """The station's name, plan and unit for every row: its chain is one, whatever the year."""
    for row, station in pointed_at(PvStation, lines, "station", "plan", "unit"):
        row.station_name, row.plan, row.unit = station.name, station.plan, station.unit
        row.of = station


def weigh_yields(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """What the station says, and what is odd in the light of the year's other months and of the thresholds: frozen,
    so that another threshold changes nothing of the past."""
    set_stations(lines)
    least, most, gap = LEAST_YIELD.value(), MOST_YIELD.value(), INCOME_GAP.value()
    standing = PvYield.objects.filter(
        station__in={row.station_id for row, _ in lines},
        version=F("entry__version"),
        entry__state__in=(Entry.State.SUBMITTED, Entry.State.APPROVED),
    )
    known = {
        (station, month): generated
        for station, month, generated in standing.order_by("entry_id").values_list(
            "station_id", "month", "generated"
        )
    }
    known |= {(row.station_id, row.month): row.generated for row, _ in lines}
    for row, _ in lines:
        row.doubts = "；".join(_doubts(row, row.of.capacity, known, least, most, gap))[:300]


def _doubts(
    row: PvYield,
    capacity: Decimal,
    known: Mapping[tuple[int, str], Decimal],
    least: int,
    most: int,
    gap: int,
) -> Iterator[str]:
    year = [
        amount
        for (station, month), amount in known.items()
        if (station, month[:4]) == (row.station_id, row.month[:4])
    ]
    whole = round(sum(year, Decimal(0)) / len(year) * 12 / capacity)
    # the sun shines half as much in one month as in another: only a whole year is held to the range itself
    low, high = (least, most) if len(year) == 12 else (least // 2, most * 3 // 2)
    if not low <= whole <= high:
        yield (
            f"按{row.month[:4]}年已报的 {len(year)} 个月折算，全年每千瓦约 {whole:,} 千瓦时，"
            f"正常为 {least:,} 至 {most:,}，请核对发电量的单位和装机容量"
        )
    expected = round(row.on_grid * row.price * 100)
    if abs(row.income - expected) * 100 > gap * max(expected, 1):
        yield f"上网电量×电价为 {expected / 100:,.2f} 元，收入填 {row.income / 100:,.2f} 元，相差超过 {gap}%，请核对"


def yield_errors(row: PvYield, by: User, on: date) -> Mapping[str, list[str]]:
    """Months and dates agree, and no more is fed in than made."""
    return collect(_yield_problems(row, on))


def _yield_problems(row: PvYield, on: date) -> Iterator[Problem]:
    station: PvStation | None = getattr(row, "of", None)
    if row.last_day > on:
        yield "month", f"{row.month} 还没有过完（今天 {on}），月底之后再填报。"
    if station is not None and row.last_day < station.grid_on:
        yield "month", f"{row.month} 早于并网日期 {station.grid_on}，请核对。"
    if row.on_grid > row.generated:
        yield "on_grid", f"上网电量 {row.on_grid:,.2f} 多于发电量 {row.generated:,.2f} 千瓦时，请核对。"
    if row.received_on is not None and not row.first_day <= row.received_on <= on:
        yield (
            "received_on",
            f"到账日 {row.received_on} 应在 {row.first_day} 到今天（{on}）之间，请核对。",
        )
    if row.received_on is not None and not row.income:
        yield "income", "已有到账日，收入须大于 0。"


def _account(row: PvYield | PvShare, stage: str, holds: str, unit: str = Unit.FEN) -> Account:
    return own_account(row.plan, f"{stage}_{row.station_id}", f"“{row.station_name}”{holds}", unit, row.unit)


def yield_legs(row: PvYield) -> list[Leg]:
    """Energy made; and, once it has come to account, the income that may be used."""
    legs = []
    if row.generated:
        made = _account(row, ENERGY, "发电量", Unit.CENTI_KWH)
        outside = outside_account(row.plan, Unit.CENTI_KWH)
        legs.append(Leg(GENERATED, outside, made, int(row.generated * 100), row.unit_id))
    if row.income and row.received_on is not None:
        held = _account(row, INCOME, "到账未分配的发电收入")
        legs.append(Leg(EARNED, outside_account(row.plan, Unit.FEN), held, row.income, row.unit_id))
    return legs


def yield_warnings(row: PvYield) -> list[str]:
    """What was odd at filing, and income that has not come yet."""
    found = [f"{text}。" for text in row.doubts.split("；") if text]
    if row.income and row.received_on is None:
        found.append("没有到账日：收入到账后用“登记到账”补上，之后才能分配。")
    return found


def station_stands(row: PvYield | PvShare) -> str:
    """A month or a use is approved only of a station that is itself approved."""
    return waits_for(row.entry, row.station, f"电站“{row.station_name}”")


STATION = Column(
    "station",
    "电站",
    "subject",
    required=True,
    register="pv_station",
    aliases=("电站名称", "项目名称", "发电户号"),
    help="列表里没有的，请先填报光伏电站。",
)

PV_YIELD = Register(
    code="pv_yield",
    name="光伏发电收入",
    model=PvYield,
    columns=(
        STATION,
        Column("month", "月份", "month", required=True, aliases=("年月", "期间", "发电月份"), example="2022-06"),
        Column("generated", "发电量", "decimal", unit="千瓦时", required=True, example="12000.00",
               aliases=("发电量(kWh)", "发电量（kWh）", "发电量kWh", "发电量(度)")),
        Column("on_grid", "上网电量", "decimal", unit="千瓦时", required=True,
               aliases=("上网电量(kWh)", "上网电量（kWh）", "上网电量kWh", "上网电量(度)")),
        Column("price", "电价", "decimal", unit="元/千瓦时", required=True, places=4, example="0.3949",
               aliases=("电价(元/kWh)", "电价（元/kWh）", "上网电价")),
        Column("income", "收入", "money", unit="元", required=True, aliases=("收入(元)", "收入（元）", "发电收入", "电费收入")),
        Column("received_on", "到账日", "date", aliases=("到账日期", "到账时间"), help="还没有到账的不填，到账后登记。"),
        NOTE,
    ),
    prepare=weigh_yields,
    texts=lambda row, published: {"station": row.station_name},
    natural_key=lambda row: f"{row.station_id}/{row.month}",
    occurred_on=lambda row: row.received_on or row.last_day,
    counts_on=lambda row: row.first_day,
    summary=lambda row: f"{row.station_name} · {row.month} · 发电 {row.generated:,.2f} 千瓦时",
    amount=lambda row: row.income,
    errors=yield_errors,
    warnings=yield_warnings,
    evidence_rule=lambda row: "电费结算单或银行回单" if row.received_on else "电费结算单或抄表记录",
    not_yet=station_stands,
    may_file=towns_and_departments,
    next_step="登记到账",
    legs=yield_legs,
    kinds={GENERATED: "发电", EARNED: "发电收入到账"},
    parameters=(LEAST_YIELD, MOST_YIELD, INCOME_GAP),
    report_tables=pv_tables,
)  # fmt: skip


# --- what the income is used for --------------------------------------------------------------------------------


def share_errors(row: PvShare, by: User, on: date) -> Mapping[str, list[str]]:
    """Something is given, and not to every household alike."""
    return collect(_share_problems(row))


def _share_problems(row: PvShare) -> Iterator[Problem]:
    if not row.amount:
        yield "amount", "金额须大于 0。"
    if re.search(r"(平均|均)(分|发)|按户(平|均)|户均", plain(row.used_for)):
        yield (
            "used_for",
            "光伏收益不得平均分到户：请按公益岗位工资、小型公益事业、奖励补助等实际用途填报。",
        )
    station: PvStation | None = getattr(row, "of", None)
    if station is not None and row.given_on < station.grid_on:
        yield "given_on", f"分配日期 {row.given_on} 早于并网日期 {station.grid_on}，请核对。"


def share_legs(row: PvShare) -> list[Leg]:
    """From what came to account and is not yet used, to its use: refused with the amounts beyond it."""
    held = _account(row, INCOME, "到账未分配的发电收入")
    used = _account(row, f"{USED}_{row.kind}", f"收益用于{row.get_kind_display()}")
    return [Leg(GIVEN, held, used, row.amount, row.unit_id)]


PV_SHARE = Register(
    code="pv_share",
    name="光伏收益分配",
    model=PvShare,
    columns=(
        STATION,
        Column("given_on", "分配日期", "date", required=True, aliases=("日期", "发放日期")),
        Column("kind", "分配用途", "choice", required=True, aliases=("用途", "分配类别"), choices=(*PvShare.Kind.choices,),
               help="不得平均分到户。"),
        Column("amount", "金额", "money", unit="元", required=True, aliases=("金额(元)", "金额（元）", "分配金额")),
        Column("used_for", "具体内容", "text", required=True, aliases=("用途说明", "内容"), example="护路、保洁岗位 6 月工资"),
        Column("people", "涉及人数", "integer", unit="人", aliases=("人数",)),
        Column("plan_no", "分配方案备案号", "text", aliases=("备案号", "方案文号"), numbered=True,
               help="村“四议两公开”、镇审核、区备案后的编号。"),
        Column("voucher_no", "凭证号", "text", aliases=("支付凭证号",), numbered=True),
        Column("is_public", "是否公示", "yesno"),
        NOTE,
    ),
    prepare=set_stations,
    texts=lambda row, published: {"station": row.station_name},
    natural_key=lambda row: joined(
        row.station_id, *([row.voucher_no] if row.voucher_no else [row.given_on, row.kind, row.amount, row.used_for])
    ),
    occurred_on=lambda row: row.given_on,
    summary=lambda row: f"{row.station_name} · {row.get_kind_display()} · {row.given_on:%Y-%m-%d}",
    amount=lambda row: row.amount,
    errors=share_errors,
    warnings=lambda row: [] if row.is_public else ["分配结果须在村里公示，公示后请填“是”。"],
    evidence_rule=lambda row: "分配方案、公示照片或支付凭证",
    not_yet=station_stands,
    may_file=towns_and_departments,
    legs=share_legs,
    kinds={GIVEN: "使用发电收益"},
)  # fmt: skip
