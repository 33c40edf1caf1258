"""What the registers of talent ask of their rows (DOMAIN §4.7–4.10; the plan, 二（三））."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from directory.identity import mask_name
from directory.models import Organization, User
from ledger.making import Problem, collect, months_between, pointed_at, quarter_end_problem
from ledger.registers import Parameter
from talent.models import Direction, Secondment, Stay, SupportPost, SupportWork

SECONDMENT_MONTHS = Parameter(
    "secondment_months",
    "党政干部挂职最短期限",
    6,
    "个月",
    "计划期限达到才计入 5 人；方案未写，按惯例",
    most=60,
)
EXPERT_MONTHS = Parameter(
    "expert_months", "专业技术人才最短期限", 1, "个月", "只作提示；方案未写，按惯例", most=60
)
TEACHING_MONTHS = Parameter("teaching_months", "支教期限", 12, "个月", "方案：为期一年；不足的提示", most=60)


def decide_secondments(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """Whether each counts towards the plan's 5: a cadre of 山亭 in 荣成 whose term reaches the minimum, and who did not
    come back before it. Frozen in the row, so that another minimum moves nothing of the past."""
    least = SECONDMENT_MONTHS.value()
    for row, _ in lines:
        term = row.planned_months or 0
        if row.ends_on is not None:
            stayed = months_between(row.starts_on, row.ends_on)
            term = stayed if row.state == Stay.EARLY else max(term, stayed)
        ours = row.kind == Secondment.Kind.CADRE and row.direction == Direction.OUT
        row.is_counted = ours and term >= least


def stay_changed_on(row: Any) -> date:
    """When what the row says happened: the return, if that is what it tells, else the beginning."""
    begun: date = row.starts_on
    over: date | None = row.ends_on if row.state != Stay.THERE else None
    return over or begun


def stay_errors(row: Any, by: User, on: date) -> Mapping[str, list[str]]:
    """Dates and state of a post agree."""
    return collect(_stay_problems(row))


def _stay_problems(row: Any) -> Iterator[Problem]:
    if row.ends_on is not None and row.ends_on < row.starts_on:
        yield "ends_on", f"结束日期 {row.ends_on} 早于起始日期 {row.starts_on}，请核对。"
    if row.state != Stay.THERE and row.ends_on is None:
        yield "ends_on", f"状态是“{row.get_state_display()}”，请填结束日期。"
    if row.planned_months is not None and not 0 < row.planned_months <= 60:
        yield "planned_months", "期限应在 1 到 60 个月之间，请核对。"
    if row.before is not None and row.before.state != Stay.THERE and row.state == Stay.THERE:
        yield (
            "state",
            f"上一步已是“{row.before.get_state_display()}”；重新派出的请另填一条，填错了请用“更正”。",
        )


def secondment_errors(row: Secondment, by: User, on: date) -> Mapping[str, list[str]]:
    """As of every post; 荣成 files whom it sends, 山亭 whom it sends and receives."""
    ours = by.organization is None or by.organization.kind != Organization.Kind.PARTNER
    problems = list(_stay_problems(row))
    if not ours and row.direction != Direction.IN:
        problems.append(("direction", "荣成方只填报荣成派出的人员；山亭派出的由山亭填报，您可以查看。"))
    return collect(problems)


def secondment_warnings(row: Secondment) -> list[str]:
    """Why it does not count, where one might think it does."""
    found = []
    if row.kind == Secondment.Kind.CADRE and row.direction == Direction.OUT and not row.is_counted:
        term = f"计划 {row.planned_months} 个月" if row.planned_months else "没有写计划期限"
        found.append(f"{term}，未达到最短期限，这一条只作记录，不计入挂职 5 人。")
    if row.kind == Secondment.Kind.EXPERT and row.planned_months is not None:
        least = EXPERT_MONTHS.value()
        if row.planned_months < least:
            found.append(f"专业技术人才一般不少于 {least} 个月，这里计划 {row.planned_months} 个月，请核对。")
    if row.kind == Secondment.Kind.CADRE and row.direction == Direction.IN:
        found.append("方案的 5 人只计山亭党政干部赴荣成，这一条不计入。")
    return found


def support_warnings(row: SupportPost) -> list[str]:
    """支教 is for one year in the plan; the team row of several people."""
    if row.kind == SupportPost.Kind.TEACHER and row.planned_months is not None:
        wanted = TEACHING_MONTHS.value()
        if row.planned_months < wanted:
            return [f"方案写明支教为期一年（{wanted} 个月），这里是 {row.planned_months} 个月，请核对。"]
    return []


def post_called(row: SupportPost) -> list[str]:
    """How a sheet of work may call the post: by its person. The first is what messages say, and so masked."""
    name = row.person.name
    return [f"{mask_name(name)}（{row.host_unit}）", name, f"{name}（{row.host_unit}）"]


def set_posts(lines: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
    """The kind and the person of the post whose work it is."""
    for row, post in pointed_at(SupportPost, lines, "post"):
        row.kind, row.person_id, row.began = post.kind, post.person_id, post.starts_on


def work_errors(row: SupportWork, by: User, on: date) -> Mapping[str, list[str]]:
    """A quarter's last day, counters of the right kind, and something counted."""
    return collect(_work_problems(row))


def _work_problems(row: SupportWork) -> Iterator[Problem]:
    day = row.quarter_ends_on
    yield from quarter_end_problem("quarter_ends_on", day)
    began: date | None = getattr(row, "began", None)
    if began is not None and day < began:
        yield "quarter_ends_on", f"{day} 早于这位人员的起始日期 {began}，请核对。"
    medical, teaching = SupportWork.COUNTERS[:5], SupportWork.COUNTERS[5:]
    others = teaching if row.kind == SupportPost.Kind.DOCTOR else medical
    for name in others:
        if getattr(row, name):
            yield name, f"这位人员是{row.get_kind_display()}，这一栏不用填。"
    if all(getattr(row, name) is None for name in SupportWork.COUNTERS):
        yield "post", "各项工作量都没有填；本季度没有工作的，请填 0 并在备注说明。"
