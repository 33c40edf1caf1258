"""The form of one fund flow: what the clerk types becomes an unsaved FundFlow, checked by the register's own rules."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django import forms
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from directory.models import Organization, User
from funds import rules
from funds.events import EVENT_FIELDS, FORM_ORDER, RULES, files_for_others, may_file_event
from funds.models import AdjustLevel, Event, FundFlow, RecallFrom
from funds.registers import COLUMNS
from ledger.models import BudgetLine, Entry, Plan
from ledger.money import AmountError, parse_amount, yuan
from ledger.parsing import Known, ParseError, Raw, parse

__all__ = ["EVENT_FIELDS", "FundFlowForm"]

YUAN, WAN = "元", "万元"
ALWAYS = ("event", "amount", "occurred_on")
TEXTS = [column for column in COLUMNS if column.kind == "text"]


class DateField(forms.DateField):
    """A date as a date picker or a person writes it: 2022-03-01, 2022.3.1, 2022/3/1, 20220301, 2022年3月1日."""

    default_error_messages = {"invalid": "请写成 2022-03-01 这样的日期。"}

    def to_python(self, value: Any) -> date | None:
        if isinstance(value, str):
            plain = "".join(unicodedata.normalize("NFKC", value).split())
            if parts := re.fullmatch(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", plain):
                value = f"{parts[1]}-{int(parts[2]):02d}-{int(parts[3]):02d}"
            elif parts := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", plain):
                value = "-".join(parts.groups())
        return super().to_python(value)


class LineField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Lines in the plan's order, sub-projects indented below their parent."""

    def label_from_instance(self, obj: Any) -> str:
        indent = "　└ " if obj.parent_id else ""
        state = "" if obj.state == BudgetLine.State.OPEN else f"（{obj.get_state_display()}）"
        return f"{indent}{obj.code} {obj.name}{state}"


class FundFlowForm(forms.Form):
    """One event of the money. `row()` after is_valid() is the unsaved FundFlow to be submitted.

    `user` decides which events and units are offered; `on` is today; `replaces` the entry being resubmitted or
    corrected. Every widget carries data-events: the events its field belongs to, data-required: those that need it,
    and data-labels: what an event calls it. A field that does not belong to the chosen event may stay empty; filled,
    it is an error at that field.
    """

    event = forms.ChoiceField(label="事件")
    plan = forms.ModelChoiceField(
        Plan.objects.none(), label="方案", required=False, help_text="不指定项目的到位资金须选方案。"
    )
    line = LineField(BudgetLine.objects.none(), label="项目", required=False)
    unit = forms.ModelChoiceField(Organization.objects.none(), label="单位", required=False)
    adjust_level = forms.ChoiceField(
        label="调整层级", required=False, choices=[("", "请选择"), *AdjustLevel.choices]
    )
    other_line = LineField(BudgetLine.objects.none(), label="调入项目", required=False)
    other_unit = forms.ModelChoiceField(
        Organization.objects.none(), label="调入单位", required=False, help_text="指标层级的调整须填。"
    )
    recall_from = forms.ChoiceField(
        label="收回来源", required=False, choices=[("", "请选择"), *RecallFrom.choices]
    )
    amount = forms.CharField(
        label="金额",
        max_length=40,
        help_text="只填数字，例如 125000.00；也可写“12.5万元”。",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "请填写金额。"},
    )
    amount_unit = forms.ChoiceField(
        label="金额单位", choices=[(YUAN, YUAN), (WAN, WAN)], initial=YUAN, required=False
    )
    occurred_on = DateField(
        label="发生日期",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请填写发生日期。"},
    )
    document_no = forms.CharField(
        label="文件号", required=False, help_text="例如 山财农指〔2022〕12号；括号用哪种都可以。"
    )
    voucher_no = forms.CharField(
        label="凭证号",
        required=False,
        help_text="例如 记-35；按月重新编号的请连月份一起写，如 3月记-35。报账填报账单号，到位填收款凭证号。",
    )
    payee = forms.CharField(label="收款方", required=False)
    invoice_no = forms.CharField(label="发票号", required=False)
    contract_no = forms.CharField(label="合同编号", required=False)
    purpose = forms.CharField(label="用途", required=False)
    handler = forms.CharField(label="经办人", required=False)
    approver = forms.CharField(label="审批人", required=False)
    note = forms.CharField(
        label="备注",
        required=False,
        help_text="收回和调整须在此写明原因。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        user: User,
        on: date | None = None,
        replaces: Entry | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.user, self.on, self.replaces = user, on or timezone.localdate(), replaces
        self._row: FundFlow | None = None
        self._offer_events()
        self._offer_lines()
        self._offer_units()
        for name, field in self.fields.items():
            attrs = field.widget.attrs
            attrs["data-events"] = " ".join(events_of(name))
            attrs["data-required"] = " ".join(
                e for e in EVENT_FIELDS if name in (*ALWAYS, *RULES[e].required)
            )
            if name not in FORM_ORDER:
                continue
            called = {e: rules.label(name, e) for e in events_of(name)}
            if labels := {e: text for e, text in called.items() if text != field.label}:
                attrs["data-labels"] = json.dumps(labels, ensure_ascii=False)

    def row(self) -> FundFlow:
        """The checked, unsaved row; only after is_valid()."""
        if self._row is None or self.errors:
            raise ValueError("row() before is_valid()")
        return self._row

    @staticmethod
    def initial_from(row: FundFlow) -> dict[str, Any]:
        """Initial values that show a filed row, for its resubmission or correction; the amount in 元."""
        values = {name: getattr(row, f"{name}_id" if name in rules.FOREIGN else name) for name in FORM_ORDER}
        return {**values, "amount": yuan(row.amount), "amount_unit": YUAN}

    def clean_amount(self) -> int:
        """The typed amount in 分."""
        # amount_unit is declared after amount, so it is not cleaned yet; anything unknown counts as 元
        unit = str(self.data.get(self.add_prefix("amount_unit")) or YUAN)
        try:
            return parse_amount(self.cleaned_data["amount"], unit)
        except AmountError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        known = Known(user=self.user, on=self.on)
        for column in TEXTS:  # read as a cell of a sheet is
            try:
                cleaned[column.name] = parse(column, Raw(cleaned.get(column.name, "")), known)
            except ParseError as error:
                self.add_error(column.name, str(error))
        given = {
            name: cleaned[name]
            for name in FORM_ORDER
            if cleaned.get(name) not in (None, "")
            # a plan chosen beside a line says nothing more; the line gives the plan
            and not (name == "plan" and cleaned.get("line"))
        }
        row = FundFlow(**given)
        if self.replaces is not None:
            row.entry = self.replaces
        for name, messages in rules.errors(row, self.user, self.on).items():
            if name not in self.errors:
                for message in messages:
                    self.add_error(name if name in self.fields else None, message)
        self._row = row
        return cleaned

    def _offer_events(self) -> None:
        offered = [(e.value, e.label) for e in Event if may_file_event(self.user, e)]
        field = self.fields["event"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = offered
        field.initial = Event.SPEND.value if (Event.SPEND.value, Event.SPEND.label) in offered else None

    def _offer_lines(self) -> None:
        plans = Plan.objects.order_by("-year")
        # each sub-project right below its parent
        lines = BudgetLine.objects.select_related("plan").order_by(
            "-plan__year",
            Coalesce("parent__position", "position"),
            F("parent").asc(nulls_first=True),
            "position",
        )
        for name, rows in (("plan", plans), ("line", lines), ("other_line", lines)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset, field.empty_label = rows, "请选择"
        self.fields["plan"].initial = plans.first()

    def _offer_units(self) -> None:
        units = Organization.objects.filter(side=Organization.Side.SHANTING, active=True).order_by("code")
        if not files_for_others(self.user):
            units = units.filter(users=self.user)
            self.fields["unit"].initial = self.user.organization_id
        for name in ("unit", "other_unit"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset, field.empty_label = units, "请选择"


def events_of(field: str) -> Iterator[str]:
    """The events a form field belongs to."""
    name = "amount" if field == "amount_unit" else field
    return (event for event, names in EVENT_FIELDS.items() if name in names)
