"""Open questions of the plan beside every number they concern, with the reading that holds (CLAUSES.md C1–C12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from ledger.figures import Question
from ledger.models import SourceLabel


@dataclass(frozen=True)
class Flag:
    """ "C1 待定 · 暂按：…" or "C1 已裁定：…", a link to the question."""

    code: str
    title: str
    is_ruled: bool
    reading: str
    url: str

    @property
    def status(self) -> str:
        return "已裁定" if self.is_ruled else "待定"

    @property
    def said(self) -> str:
        """The reading in force as a sentence part."""
        return f"{'按裁定' if self.is_ruled else '暂按'}：{self.reading}"


def flag_of(found: Question) -> Flag:
    question = found.question
    return Flag(
        code=question.code,
        title=question.title,
        is_ruled=found.ruling is not None,
        reading=found.label,
        url=reverse("dashboard:question", args=[question.plan.code, question.code]),
    )


def flags_by_code(questions: Iterable[Question]) -> dict[str, list[Flag]]:
    """Code of a line, group, target or plan → the flags to stand beside its numbers."""
    found: dict[str, list[Flag]] = defaultdict(list)
    for question in questions:
        flag = flag_of(question)
        for code in question.question.concerns:
            found[str(code)].append(flag)
    return found


def readings_in_force(questions: Iterable[Question]) -> dict[str, str]:
    """Question code → code of the reading in force."""
    return {question.question.code: question.reading for question in questions}


@dataclass(frozen=True)
class Sources:
    """Where the lines' money comes from: line id → label, under the reading in force and under every reading."""

    in_force: dict[int, str]
    every: dict[int, list[tuple[str, str, bool]]]  # (reading's label, source, in force)
    question: Question | None


def sources_of(labels: Iterable[SourceLabel], questions: Iterable[Question]) -> Sources:
    """Sort the source labels by the question whose readings they belong to."""
    labels = list(labels)
    codes = {label.reading for label in labels}
    asked = next((q for q in questions if codes & {str(r["code"]) for r in q.question.readings}), None)
    in_force: dict[int, str] = {}
    every: dict[int, list[tuple[str, str, bool]]] = defaultdict(list)
    if asked is not None:
        order = {str(r["code"]): number for number, r in enumerate(asked.question.readings)}
        for label in sorted(labels, key=lambda one: order.get(one.reading, 99)):
            holds = label.reading == asked.reading
            every[label.line_id].append((asked.question.label_of(label.reading), label.source, holds))
            if holds:
                in_force[label.line_id] = label.source
    return Sources(in_force, dict(every), asked)
