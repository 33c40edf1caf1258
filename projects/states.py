"""The life of a project as data: what each state needs, what may come next, which dates follow which (DOMAIN §3)."""

from __future__ import annotations

from dataclasses import dataclass

from projects.models.project import State


@dataclass(frozen=True)
class Step:
    """One state: the column of its date, what else it must state, and the states that may follow.

    `rank`: how far a project is; a state beside the way has none.
    """

    date: str
    needs: tuple[str, ...]
    then: tuple[State, ...]
    rank: int | None = None


LIFE: dict[str, Step] = {
    State.RESERVE: Step("listed_on", (), (State.PLANNED, State.VOID), 0),
    State.PLANNED: Step("planned_on", ("plan_no",), (State.APPROVED, State.ENDED), 1),
    State.APPROVED: Step(
        "approved_on",
        ("approval_no", "approved_amount", "planned_start", "planned_finish", "goal", "households", "people"),
        (State.TENDER, State.BUILDING, State.ENDED),
        2,
    ),
    State.TENDER: Step("tender_on", ("method",), (State.BUILDING, State.ENDED), 3),
    State.BUILDING: Step("started_on", ("method",), (State.BUILT, State.SUSPENDED, State.ENDED), 4),
    State.BUILT: Step("finished_on", (), (State.ACCEPTED,), 5),
    State.ACCEPTED: Step("accepted_on", ("conclusion",), (State.SETTLED, State.BUILDING), 6),
    State.SETTLED: Step("audited_on", ("audited",), (State.HANDED,), 7),
    State.HANDED: Step("handed_on", ("owner", "keeper"), (State.ARCHIVED,), 8),
    State.ARCHIVED: Step("evaluated_on", ("grade",), (), 9),
    State.SUSPENDED: Step("stopped_on", ("reason",), (State.BUILDING, State.ENDED)),
    State.VOID: Step("stopped_on", ("reason",), ()),
    State.ENDED: Step("stopped_on", ("decision_no", "reason"), ()),
}
# the way of a project, in order
WAY = [State(code) for code, step in LIFE.items() if step.rank is not None]
# the dates of its life, none earlier than one before it; beside each the state that has it
DATES: tuple[tuple[str, State], ...] = (
    ("listed_on", State.RESERVE),
    ("planned_on", State.PLANNED),
    ("approved_on", State.APPROVED),
    ("tender_on", State.TENDER),
    ("opened_on", State.TENDER),
    ("won_on", State.TENDER),
    ("contract_on", State.TENDER),
    ("started_on", State.BUILDING),
    ("finished_on", State.BUILT),
    ("accepted_on", State.ACCEPTED),
    ("audited_on", State.SETTLED),
    ("handed_on", State.HANDED),
    ("evaluated_on", State.ARCHIVED),
)
# what a project that was tendered states from 在建 on
TENDERED = ("won_on", "contractor", "contract_on", "contract_no", "contract_amount")
# what else a form shows from a state on; what stands nowhere is asked from the first
SHOWN_FROM: dict[str, State] = dict(DATES) | {
    name: state
    for state, names in {
        State.PLANNED: ("plan_no",),
        State.APPROVED: (
            *(
                "approval_no",
                "approved_amount",
                "planned_start",
                "planned_finish",
                "goal",
                "mechanism",
                "villages",
            ),
            *("households", "people", "lifted_households", "lifted_people"),
            *("monitored_households", "monitored_people", "changed_on", "change_no", "change_body"),
        ),
        State.TENDER: (
            *("method", "contractor", "contractor_code", "designer", "designer_code", "supervisor"),
            *("supervisor_code", "contract_no", "contract_amount", "terms", "retention", "warranty_months"),
        ),
        State.BUILDING: ("no_tender",),
        State.ACCEPTED: ("conclusion", "rectify_by"),
        State.SETTLED: ("audited", "contract_audited"),
        State.HANDED: ("owner", "keeper"),
        State.ARCHIVED: ("grade",),
    }.items()
    for name in names
}
STOPPED = ("stopped_on", "decision_no", "reason")  # of 暂停, 作废 and 终止
# what DOMAIN §3 asks to hang on the step into a state
PAPERS: dict[str, str] = {
    State.RESERVE: "申报表、公示照片",
    State.PLANNED: "立项文件（计划附件）",
    State.APPROVED: "批复文件、实施方案或绩效目标表",
    State.TENDER: "招标或采购公告、中标通知书、合同",
    State.BUILDING: "开工令、合同或开工照片",
    State.BUILT: "完工报告或完工照片",
    State.ACCEPTED: "验收表",
    State.SETTLED: "结算审计报告",
    State.HANDED: "移交清单或确权登记表",
    State.ARCHIVED: "绩效自评表",
    State.SUSPENDED: "暂停通知",
    State.VOID: "作废说明",
    State.ENDED: "终止决定文件",
}
OVER = frozenset({State.VOID, State.ENDED, State.ARCHIVED})


def rank(state: str) -> int:
    """How far on its way a project is; 暂停 is as far as 在建, one given up is nowhere."""
    if state == State.SUSPENDED:
        return 4
    found = LIFE[state].rank
    return -1 if found is None else found


def shown_in(name: str) -> tuple[str, ...]:
    """The states in which a form shows the column; all of them: ()."""
    if name in STOPPED:
        return (State.SUSPENDED, State.VOID, State.ENDED)
    if name not in SHOWN_FROM:
        return ()
    first = rank(SHOWN_FROM[name])
    return tuple(state for state in State if rank(state) >= first or state == State.ENDED)


def needed_in(name: str) -> tuple[str, ...]:
    """The states that ask for the column."""
    return tuple(state for state, step in LIFE.items() if name in (step.date, *step.needs))


def next_state(state: str) -> State | None:
    """What comes next on the way; None at its end."""
    if state == State.SUSPENDED:
        return State.BUILDING
    if state in OVER:
        return None
    return WAY[rank(state) + 1]
