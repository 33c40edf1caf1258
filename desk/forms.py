"""Forms of the desk itself, and what it expects of a register's form."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, cast

from django import forms
from django.http import QueryDict

from directory.models import User
from ledger.models import Detail, Draft, Entry
from ledger.permissions import may_file
from ledger.registers import Register


class RegisterForm(Protocol):
    """A register's form class: built with data or initial values, it gives the unsaved row once valid.

    A widget's data-events lists the codes of the `event` field for which the field is shown.
    """

    def __call__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        user: User,
        on: date,
        replaces: Entry | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> FilledForm: ...

    def initial_from(self, row: Any) -> dict[str, Any]: ...


class FilledForm(Protocol):
    """What the desk asks of one filled form, beside Django's own."""

    fields: dict[str, forms.Field]
    errors: Mapping[str, Any]

    def is_valid(self) -> bool: ...
    def row(self) -> Detail: ...
    def add_error(self, field: str | None, error: Any) -> None: ...


def form_class(register: Register) -> RegisterForm:
    """The register's form class, as the desk knows it."""
    return cast("RegisterForm", register.form())


@dataclass
class Part:
    """What stands together in a form: under `heading` ("": none) the fields, and those folded away below them."""

    heading: str
    fields: list[forms.BoundField]
    folded: list[forms.BoundField]
    is_open: bool = False  # whether something is filled in, wrong or remarked on in what is folded


def parts(form: forms.Form, register: Register, remarks: Mapping[str, Any]) -> list[Part]:
    """The form as its register lays it out; a field that another one shows beside itself is in no part."""
    found = [Part("", [], [])]
    for bound in form.visible_fields():
        if is_companion(bound):
            continue
        if heading := register.headings.get(bound.name):
            found.append(Part(heading, [], []))
        part = found[-1]
        if bound.name not in register.folded:
            part.fields.append(bound)
            continue
        part.folded.append(bound)
        part.is_open = bool(part.is_open or bound.value() or bound.errors or remarks.get(bound.name))
    return [part for part in found if part.fields or part.folded]


def is_companion(field: forms.BoundField) -> bool:
    """Whether another field shows this one beside itself: the unit in which it is typed."""
    return field.name.endswith("_unit") and field.name.removesuffix("_unit") in field.form.fields


def is_choice(field: forms.Field) -> bool:
    """Whether the field is chosen from a list: such a value may stay for the next entry or stand in an address."""
    return isinstance(field, forms.ChoiceField | forms.ModelChoiceField)


def as_typed(fields: Mapping[str, forms.Field], typed: Mapping[str, list[str]]) -> dict[str, Any]:
    """Initial values that show a form again as it was typed, valid or not."""
    data = QueryDict(mutable=True)
    for name, values in typed.items():
        data.setlist(name, values)
    return {name: field.widget.value_from_datadict(data, {}, name) for name, field in fields.items()}


def chosen(fields: Mapping[str, forms.Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """Of `given`, the values of fields chosen from a list."""
    return {name: given[name] for name, field in fields.items() if is_choice(field) and given.get(name)}


def as_uuid(text: str | None) -> uuid.UUID | None:
    """The form's token; None for anything else."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


class ReasonForm(forms.Form):
    """Why something is corrected, reversed or returned."""

    reason = forms.CharField(
        label="理由",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明理由。"},
    )


class ParameterForm(ReasonForm):
    """What a parameter is to be from now on, and why."""

    value = forms.DecimalField(
        label="新值",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "请填写新值。", "invalid": "请填数字。"},
    )
    field_order = ("value", "reason")

    def __init__(self, *args: Any, to_default: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"].required = not to_default
        self.fields["reason"].label = "修改理由"


class CorrectionReasonForm(forms.Form):
    """The reason asked for above a register's own form; its name must not meet one of the register's fields."""

    correction_reason = forms.CharField(
        label="更正理由",
        max_length=500,
        help_text="写明原记录错在哪里，审核员和以后查账的人都会看到。",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "请写明更正理由。"},
    )


class HandOverForm(forms.Form):
    """Whose drafts go to whom. A head of unit chooses in their unit, the system administrator anywhere."""

    leaver = forms.ModelChoiceField(
        User.objects.none(),
        label="移交人（离岗人员）",
        empty_label="请选择",
        error_messages={"required": "请选择移交人。"},
    )
    successor = forms.ModelChoiceField(
        User.objects.none(),
        label="接收人",
        empty_label="请选择",
        help_text="须与移交人同一单位，账号在用，且可以填报。",
        error_messages={"required": "请选择接收人。"},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User) -> None:
        super().__init__(data)
        people = User.objects.select_related("organization").filter(is_system=False)
        if user.is_business:
            people = people.filter(organization=user.organization_id)
        with_drafts = Draft.objects.values("owner")
        filing = [User.Role.CLERK, User.Role.HEAD, User.Role.PARTNER, User.Role.REVIEWER]
        choices = {
            "leaver": people.filter(pk__in=with_drafts),
            "successor": people.filter(is_active=True, role__in=filing),
        }
        for name, rows in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows.order_by("organization__code", "full_name")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        leaver, successor = cleaned.get("leaver"), cleaned.get("successor")
        if leaver and successor:
            if leaver == successor:
                self.add_error("successor", "接收人不能是移交人本人。")
            elif leaver.organization_id != successor.organization_id or not may_file(successor):
                self.add_error(
                    "successor", f"{successor}不在移交人的单位，请改选{leaver.organization}的填报人员。"
                )
        return cleaned
