"""The form of any register, made from its columns: what a clerk types becomes one row by the register's own `make`.

A register with a form of its own (fund_flow's fields depend on the event) names it in its declaration instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from directory.models import Organization, User
from ledger.models import BudgetLine, Detail, Entry
from ledger.money import wan
from ledger.parsing import Known, ParseError, Raw, day_text, offered, parse
from ledger.registers import Column, Register

NOTHING_CHOSEN = ("", "请选择")
# What a keyboard or a phone should offer for a kind of column.
INPUT_MODES = {
    "integer": "numeric",
    "decimal": "decimal",
    "money": "decimal",
    "percent": "decimal",
    "phone": "tel",
}
_MONTH = re.compile(r"\d{4}-\d{2}")


class RegisterForm(forms.Form):
    """One row of a register. `row()` after is_valid() is the unsaved row to be submitted.

    `on` is today; `replaces` the entry being resubmitted or corrected: its personal values are shown masked, and left
    as they are shown they stay what they were. `steps`: it is the entry gone on from.
    """

    register: ClassVar[Register]

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        user: User,
        on: date | None = None,
        replaces: Entry | None = None,
        steps: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.user, self.on, self.replaces = user, on or timezone.localdate(), replaces
        self.steps = steps
        self.known = Known(user=user, on=self.on, year=None, refers=self._refers())
        self.warnings: list[str] = []
        self._row: Detail | None = None
        for column in self.register.columns:
            if column.kind in OFFERS:
                field = self.fields[column.name]
                assert isinstance(field, forms.ChoiceField)
                field.choices = [NOTHING_CHOSEN, *OFFERS[column.kind](column, self.known)]
            if column.month_will_do and _MONTH.fullmatch(str(self[column.name].value() or "")):
                widget = self.fields[column.name].widget
                assert isinstance(widget, forms.TextInput)
                widget.input_type = "text"  # a browser's date shows no month

    def row(self) -> Detail:
        """The checked, unsaved row; only after is_valid()."""
        if self._row is None or self.errors:
            raise ValueError("row() before is_valid()")
        return self._row

    @classmethod
    def initial_from(cls, row: Any) -> dict[str, Any]:
        """Initial values that show a filed row for its resubmission or correction; personal values masked."""
        shown = cls.register.values(row)
        return {c.name: _initial(c, row, shown[c.name]) for c in cls.register.columns}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        before = self._replaced_row()
        masked = self.initial_from(before) if before is not None else {}
        values: dict[str, Any] = {}
        if before is not None:
            values = {"replaces": before, "before": before if self.steps else self._row_of(self._follows())}
        for column in self.register.columns:
            if column.name in self.errors:
                continue
            text = str(cleaned.get(column.name) or "")
            if column.personal and before is not None and text == str(masked[column.name] or ""):
                values.setdefault("kept", set()).add(column.name)
                continue
            unit = (column.unit or "元") if column.kind == "money" else ""
            try:
                values[column.name] = parse(column, Raw(text, unit=unit), self.known)
            except ParseError as error:
                self.add_error(column.name, str(error))
        if self.errors or self.register.make is None:
            return cleaned
        (made,) = self.register.make([values], self.user, self.on)
        for name, messages in made.errors.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, message)
        if made.row is not None and self.replaces is not None:
            made.row.entry = self.replaces
        self._row, self.warnings = made.row, list(made.warnings)
        return cleaned

    def _refers(self) -> list[int]:
        """The Subjects that the row to be replaced points at: it may go on doing so."""
        columns = [column.name for column in self.register.columns if column.kind == "subject"]
        before = self._replaced_row() if columns else None
        return [getattr(before, f"{name}_id") for name in columns] if before is not None else []

    def _replaced_row(self) -> Any:
        return self._row_of(self.replaces)

    def _follows(self) -> Entry | None:
        return self.replaces.follows if self.replaces is not None else None

    def _row_of(self, entry: Entry | None) -> Any:
        model: Any = self.register.model
        return model.objects.get(entry=entry, version=entry.version) if entry is not None else None


def form_for(register: Register) -> type[RegisterForm]:
    """The form class of a register with columns and `make`."""
    fields: dict[str, Any] = {column.name: _shown_when(column, _field(column)) for column in register.columns}
    return type(f"{register.code}_form", (RegisterForm,), {"register": register, **fields})


def _shown_when(column: Column, field: forms.Field) -> forms.Field:
    """Tell the browser for which choices the field is shown (static/js/desk.js)."""
    chooser, codes = column.when
    if chooser:
        field.widget.attrs |= {
            "data-chooser": chooser,
            "data-events": " ".join(codes),
            "data-required": " ".join(column.must_when),
        }
    return field


def _field(column: Column) -> forms.Field:
    """What is typed stays text: the column's kind reads it, as it reads a cell."""
    with_unit = column.unit and column.unit not in column.label
    common: dict[str, Any] = {
        "label": f"{column.label}（{column.unit}）" if with_unit else column.label,
        "required": column.required,
        "help_text": column.help,
    }
    if column.kind in ("choice", "yesno") or column.kind in OFFERS:
        choices = {"choice": offered(column), "yesno": [("是", "是"), ("否", "否")]}.get(column.kind, [])
        return forms.ChoiceField(
            choices=[NOTHING_CHOSEN, *choices],
            error_messages={"required": f"请选择{column.label}。"},
            **common,
        )
    attrs = {"autocomplete": "off"}
    if column.personal:
        attrs["data-private"] = ""  # desk.js keeps no copy of it in the browser
    if mode := INPUT_MODES.get(column.kind):
        attrs["inputmode"] = mode
    if column.example:
        attrs["placeholder"] = f"例如 {column.example}"
    widget: forms.Widget = forms.TextInput(attrs)
    if column.kind == "date":
        widget = forms.TextInput({**attrs, "type": "date"})
    if column.kind == "month":
        widget = forms.TextInput({**attrs, "type": "month"})
    if column.kind == "text" and column.name == "note":
        widget = forms.Textarea({"rows": 2})
    return forms.CharField(
        widget=widget, max_length=2000, error_messages={"required": f"请填写{column.label}。"}, **common
    )


def _initial(column: Column, row: Any, shown: str) -> Any:
    value = getattr(row, column.name, None)
    if column.kind in ("choice", "month"):
        return value
    if column.kind == "date":
        return day_text(row, column.name) if value else ""
    if column.kind in ("integer", "decimal"):
        return "" if value is None else str(value)
    if column.kind == "money":
        if column.unit == "万元" and isinstance(value, int):
            return wan(value)
        return shown.removesuffix(" 元")
    if column.kind in ("organization", "line"):
        return value.code if value else ""
    if column.kind == "subject":
        # the row points at the Subject, which the form offers by the entry that stands for it
        current = (value.in_force_id or value.undecided_id) if value is not None else None
        return f"{current}号" if current else ""
    return shown


def _organizations(column: Column, known: Known) -> list[tuple[str, str]]:
    rows: QuerySet[Organization] = Organization.objects.filter(active=True).order_by("side", "code")
    return [(unit.code, str(unit)) for unit in rows]


def _lines(column: Column, known: Known) -> list[tuple[str, str]]:
    return [
        (line.code, f"{'　└ ' if line.parent_id else ''}{line.code} {line.name}")
        for line in known.lines
        if line.state == BudgetLine.State.OPEN
    ]


def _entries(column: Column, known: Known) -> list[tuple[str, str]]:
    return [(f"{one.entry.pk}号", one.entry.summary) for one in known.referred(column.register)]


OFFERS = {"organization": _organizations, "line": _lines, "subject": _entries}
