"""A small cast and the five budget lines of 2022, for tests that need books with something in them.

财政 files for 区财政局, 徐庄 and 徐庄二 for 徐庄镇, 店子 for 店子镇, 北庄 for 北庄镇; 审核 and 复核 review at
区乡村振兴局, 局里 files there; 领导 leads. Names are invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from directory.models import Division, Organization, User
from funds.models import FundFlow
from funds.registers import FUND_FLOW
from ledger import accounts, actions
from ledger.models import Account, Assignment, BudgetLine, Plan
from ledger.periods import ensure_year

LINES = [
    ("01", "北庄镇市级衔接推进乡村振兴集中区", 245),
    ("02", "冯卯镇别庄村光伏项目", 68),
    ("03", "希望小屋", 17),
    ("04", "美丽乡村提升工程", 100),
    ("05", "基础设施提升", 20),
]
UNITS = {
    "徐庄镇": ("370406106", Organization.Kind.TOWNSHIP),
    "店子镇": ("370406101", Organization.Kind.TOWNSHIP),
    "北庄镇": ("370406104", Organization.Kind.TOWNSHIP),
    "乡村振兴局": ("xczxj", Organization.Kind.BUREAU),
    "财政局": ("czj", Organization.Kind.FINANCE),
}
CAST = {
    "财政": ("财政局", User.Role.CLERK),
    "徐庄": ("徐庄镇", User.Role.CLERK),
    "徐庄二": ("徐庄镇", User.Role.HEAD),
    "店子": ("店子镇", User.Role.CLERK),
    "北庄": ("北庄镇", User.Role.CLERK),
    "局里": ("乡村振兴局", User.Role.REVIEWER),
    "审核": ("乡村振兴局", User.Role.REVIEWER),
    "复核": ("乡村振兴局", User.Role.REVIEWER),
    "领导": ("乡村振兴局", User.Role.LEADER),
}
WAN = 1_000_000  # 分 in one 万元


@dataclass
class World:
    """Who and what there is: users by name, units by short name, lines by code."""

    users: dict[str, User]
    units: dict[str, Organization]
    lines: dict[str, BudgetLine] = field(default_factory=dict)

    def add_plan(self, year: int, *, on: date, totals: list[int] | None = None) -> Plan:
        """A plan with the five lines, its money arranged by the system user and approved by 审核."""
        amounts = totals or [amount for _, _, amount in LINES]
        plan = Plan.objects.create(
            code=str(year),
            year=year,
            title=f"{year}年协作帮扶工作方案",
            document_no=f"山乡振发〔{year}〕10号",
            issuer=self.units["乡村振兴局"],
        )
        ensure_year(year)
        for stage in (accounts.SOURCE, accounts.REMIT):
            source = accounts.money_account(plan, stage)
            Account.objects.filter(pk=source.pk).update(minimum=-sum(amounts) * WAN)
        for (code, name, _), amount in zip(LINES, amounts, strict=True):
            line = BudgetLine.objects.create(plan=plan, code=f"{year}-{code}", position=int(code), name=name)
            self.lines[line.code] = line
            row = FundFlow(
                event="arrange",
                plan=plan,
                line=line,
                amount=amount * WAN,
                occurred_on=on,
                document_no=plan.document_no,
            )
            entry = actions.submit(
                by=self.users["计划导入"], on=on, register=FUND_FLOW, row=row, filed_for=plan.issuer
            )
            actions.approve(by=self.users["审核"], on=on, entry=entry, version=1)
        return plan


def make_world() -> World:
    """The cast and their units, without a plan."""
    county = Division.objects.create(code="370406", name="山亭区", level="county")
    units = {}
    for name, (code, kind) in UNITS.items():
        division = None
        if kind == Organization.Kind.TOWNSHIP:
            division = Division.objects.create(code=code, name=name, level="township", parent=county)
        units[name] = Organization.objects.create(
            code=code, name=f"山亭{name}", short_name=name, kind=kind, side="shanting", division=division
        )
    users = {}
    for number, (name, (unit, role)) in enumerate(CAST.items()):
        users[name] = User.objects.create(
            username=f"user{number}",
            full_name=name,
            organization=units[unit],
            role=role,
            must_change_password=False,
            password_changed_at=timezone.now(),
        )
    users["计划导入"] = User.objects.create(username="plan-import", full_name="计划导入", is_system=True)
    Assignment.objects.bulk_create(
        Assignment(register="fund_flow", organization=units[unit]) for unit in ("徐庄镇", "店子镇", "财政局")
    )
    Assignment.objects.create(register="fund_flow", organization=units["财政局"], duty="oversees")
    return World(users, units)
