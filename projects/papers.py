"""notice, asset, village_works, zone_member: what hangs on a project beside its own row (DOMAIN §2, §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from directory.models import User
from ledger.documents import normal_document_no
from ledger.making import Problem, collect, joined
from ledger.money import wan, yuan
from ledger.registers import Parameter
from projects.models.papers import Asset, Notice, Work, ZoneMember
from projects.standing import beside, set_beside

NOTICE_DAYS = Parameter("notice_days", "公示最少天数", 10, "天", "首尾两天都算；村镇公示栏不少于 10 天")


def set_plans(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """The plan is the line's."""
    for row, _ in lines:
        row.plan = row.line.plan


# --- notices ----------------------------------------------------------------------------------------------------


def notice_errors(row: Notice, by: User, on: date) -> Mapping[str, list[str]]:
    """Long enough, and an objection has its answer."""
    return collect(_notice_problems(row))


def _notice_problems(row: Notice) -> Iterator[Problem]:
    least = NOTICE_DAYS.value()
    if row.kind != Notice.Kind.BOARD and row.days < least:
        yield (
            "shown",
            f"公示 {row.starts_on} 至 {row.ends_on} 共 {row.days} 天（首尾都算），少于 {least} 天。",
        )
    if row.objected and not row.answer:
        yield "answer", "有异议的请写明处理情况。"


# --- assets -----------------------------------------------------------------------------------------------------


def set_assets(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Numbers in one form; the plan of the line, if there is one."""
    set_beside(lines)
    for row, _ in lines:
        row.decision_no = normal_document_no(row.decision_no)


def asset_key(row: Asset) -> str:
    """Its number; else line, name and day."""
    code = row.line.code if row.line is not None else ""
    return joined(code, row.number) if row.number else joined(code, row.name, row.got_on)


def asset_errors(row: Asset, by: User, on: date) -> Mapping[str, list[str]]:
    """All of a project's assets together are worth no more than was audited; what is lost was decided."""
    return collect(_asset_problems(row, on))


def _asset_problems(row: Asset, on: date) -> Iterator[Problem]:
    if row.value <= 0:
        yield "value", "原值须大于 0。"
    if row.state in (Asset.State.DAMAGED, Asset.State.DISPOSED):
        what = row.get_state_display()
        if not row.decision_no:
            yield "decision_no", f"资产{what}须经产权单位决定，请填写处置决定文号。"
        if row.changed_on is None:
            yield "changed_on", f"资产{what}，请填写状态日期。"
    if row.changed_on is not None and not row.got_on <= row.changed_on <= on:
        yield (
            "changed_on",
            f"状态日期 {row.changed_on} 应在取得日期 {row.got_on} 到今天（{on}）之间，请核对。",
        )
    if row.line is None:
        return
    found = beside(row)
    project = found.projects.get(row.line.code)
    if project is None or project.audited is None:
        yield "line", f"“{row.line.name}”还没有审定金额，项目决算后再登记资产。"
        return
    own = asset_key(row)
    others = {asset_key(one): one.value for one in found.others if one.line_id == row.line_id}
    others |= {asset_key(one): one.value for one in found.rows if one.line_id == row.line_id}
    others.pop(own, None)
    together = sum(others.values()) + row.value
    if together > project.audited:
        yield (
            "value",
            f"原值 {yuan(row.value)} 元，与已登记的 {yuan(together - row.value)} 元合计超过审定金额 "
            f"{yuan(project.audited)} 元，超出 {yuan(together - project.audited)} 元。",
        )


# --- works ------------------------------------------------------------------------------------------------------


def work_errors(row: Work, by: User, on: date) -> Mapping[str, list[str]]:
    """Amounts of a line together are no more than it was given; 户 ≤ 人."""
    return collect(_work_problems(row))


def work_key(row: Work) -> str:
    return joined(row.line.code, row.village_id, row.item, row.detail)


def _work_problems(row: Work) -> Iterator[Problem]:
    if row.planned <= 0:
        yield "planned", "计划数量须大于 0。"
    if (row.households or 0) > (row.people or 0):
        yield "households", f"受益户 {row.households} 多于受益人口 {row.people or 0}，请核对。"
    if row.village.level != "village":
        yield "village", "请写到村。"
    found = beside(row)
    given = found.money(row.line.code).arranged or 0
    others = {work_key(one): one.amount or 0 for one in found.others if one.line_id == row.line_id}
    others |= {work_key(one): one.amount or 0 for one in found.rows if one.line_id == row.line_id}
    others.pop(work_key(row), None)
    together = sum(others.values()) + (row.amount or 0)
    if row.amount and together > given:
        yield (
            "amount",
            f"“{row.line.name}”各项金额合计 {wan(together)} 万元，超过安排的 {wan(given)} 万元，"
            f"超出 {wan(together - given)} 万元。",
        )


def work_warnings(row: Work) -> list[str]:
    """Amount against price and quantity; more done than planned."""
    found = []
    if row.price and row.amount is not None:
        quantity = row.actual if row.actual is not None else row.planned
        worth = round(row.price * quantity)
        if abs(worth - row.amount) > 100:
            found.append(f"单价乘数量是 {yuan(worth)} 元，金额填的是 {yuan(row.amount)} 元，请核对。")
    if row.actual is not None and row.actual > row.planned:
        found.append("完成数量多于计划数量，规模变了的请先在项目上登记变更。")
    return found


# --- the zone ---------------------------------------------------------------------------------------------------


def member_errors(row: ZoneMember, by: User, on: date) -> Mapping[str, list[str]]:
    """A village, in a zone that is a line of the plan, until a day after it joined."""
    return collect(_member_problems(row, on))


def _member_problems(row: ZoneMember, on: date) -> Iterator[Problem]:
    if row.line.parent_id is not None:
        yield "line", "请选推进区本身，不选它的子项目。"
    if row.village.level != "village":
        yield "village", "请写到村。"
    if row.left_on is not None and not row.joined_on <= row.left_on <= on:
        yield "left_on", f"退出日期 {row.left_on} 应在纳入日期 {row.joined_on} 到今天（{on}）之间，请核对。"
