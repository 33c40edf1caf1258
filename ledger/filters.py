"""The form above a list of entries: what every list can be asked for, and what the columns of one register add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from directory.identity import holds_number
from directory.models import Organization, User
from ledger import lists
from ledger.models import BudgetLine, Entry, Period
from ledger.parsing import offered
from ledger.registers import Column, Register, all_registers
from ledger.scope import scope_of

ALL = "全部"
FIRST = ("q", "state", "register", "period", "unit", "sort")
NO_NUMBERS = "这里不能查证件号码和电话。查人请用页面上方的“查找”。"


class QuarterField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Quarters by their Chinese names."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label)


class LineField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Budget lines with their codes."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.code} {obj.name}"


class EntryFilter(forms.Form):
    """The filters of 填报记录 and of the queue. Only what the user's scope can tell apart is offered.

    Once a register is chosen, its own columns filter too: `c-` and the column's name.
    """

    q = forms.CharField(label="搜索", required=False, max_length=60)
    state = forms.ChoiceField(label="状态", required=False)
    register = forms.ChoiceField(label="台账", required=False)
    period = QuarterField(
        Period.objects.none(), label="季度", required=False, to_field_name="code", empty_label=ALL
    )
    unit = forms.ModelChoiceField(
        Organization.objects.none(), label="单位", required=False, to_field_name="code", empty_label=ALL
    )
    first = forms.DateField(
        label="发生日期从", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    last = forms.DateField(label="到", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    mine = forms.BooleanField(label="只看我填报的", required=False)
    all = forms.BooleanField(label="显示全部栏目", required=False)
    # how far back a text was looked for already; part of an address, of no form and of nothing that is kept
    before = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)
    sort = forms.ChoiceField(
        required=False, choices=[(code, label) for code, (label, _) in lists.ORDERS.items()], label="排序"
    )

    def __init__(self, data: Mapping[str, Any], *, user: User, drop: tuple[str, ...] = ()) -> None:
        super().__init__(data, auto_id="filter-%s")
        registers = [("", ALL), *((r.code, r.name) for r in all_registers().values())]
        self._choices("state", [("", ALL), *Entry.State.choices])
        self._choices("register", registers)
        self._rows("period", Period.objects.order_by("-starts_on"))
        scope = scope_of(user)
        if scope.everything or scope.registers:
            self._rows("unit", Organization.objects.order_by("code"))
        else:
            drop = (*drop, "unit")
        if len(registers) == 2:
            drop = (*drop, "register")
        self.chosen = all_registers().get(str(data.get("register") or "")) if "register" not in drop else None
        if self.chosen is None or len(lists.columns_shown(self.chosen)) == len(self.chosen.columns):
            drop = (*drop, "all")
        for name in drop:
            self.fields.pop(name, None)
        if self.chosen is not None:
            self._add_columns(self.chosen)

    def clean_q(self) -> str:
        text = str(self.cleaned_data["q"]).strip()
        if holds_number(text):
            raise forms.ValidationError(NO_NUMBERS)
        return text

    def wanted(self) -> dict[str, Any]:
        """The filters that could be read; what could not is left out, as a hand-made address may hold anything."""
        self.is_valid()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in ("", None) and (value is not False or name.startswith("c-"))
        }

    def query(self) -> QueryDict:
        """The filters that could be read as an address has them, and nothing else that stood in it."""
        kept = QueryDict(mutable=True)
        for name in self.wanted().keys() - {"before"}:
            kept[name] = self[name].data
        return kept

    @property
    def headings(self) -> list[lists.Heading]:
        """The columns of the list asked for."""
        return lists.headings(self.chosen, everything=bool(self.wanted().get("all")))

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """What most people filter by; shown at once."""
        return [field for field in self if field.name in FIRST and field.name != "q"]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """The others, behind 更多筛选."""
        return [
            field
            for field in self
            if field.name not in FIRST
            and not field.is_hidden
            and not isinstance(field.field, forms.BooleanField)
        ]

    @property
    def ticks(self) -> list[forms.BoundField]:
        """Those that are ticked."""
        return [field for field in self if isinstance(field.field, forms.BooleanField)]

    @property
    def more_used(self) -> bool:
        """Whether one behind 更多筛选 is in use, so that it must be seen."""
        return any(name not in FIRST for name in self.wanted().keys() - {"before"})

    def _add_columns(self, register: Register) -> None:
        for column in lists.chosen_columns(register):
            self.fields[f"c-{column.name}"] = _field(column)

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _rows(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows


def _field(column: Column) -> forms.Field:
    if column.kind == "line":
        lines = BudgetLine.objects.order_by("code")
        return LineField(lines, label=column.label, required=False, to_field_name="code", empty_label=ALL)
    if column.kind == "organization":
        units = Organization.objects.order_by("side", "code")
        return forms.ModelChoiceField(
            units, label=column.label, required=False, to_field_name="code", empty_label=ALL
        )
    if column.kind == "yesno":
        return forms.TypedChoiceField(
            choices=[("", ALL), ("1", "是"), ("0", "否")],
            coerce=lambda text: text == "1",
            empty_value=None,
            label=column.label,
            required=False,
        )
    return forms.ChoiceField(choices=[("", ALL), *offered(column)], label=column.label, required=False)
