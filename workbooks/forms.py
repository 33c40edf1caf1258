"""Forms of the import pages: which unit, which quarter, which register, which file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from directory.models import Organization, User
from directory.people import LONGEST_REASON, checked_reason
from ledger.filters import QuarterField
from ledger.models import Filing, Period
from ledger.permissions import may_review
from workbooks.planning import registers_for


class _UnitAndQuarter(forms.Form):
    of_others = False  # whether a reviewer may choose other units than their own

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="填报单位", to_field_name="code", empty_label=None
    )
    period = QuarterField(Period.objects.none(), label="季度", to_field_name="code", empty_label=None)

    def __init__(self, data: Any = None, files: Any = None, *, user: User) -> None:
        super().__init__(data, files)
        self.user = user
        units = Organization.objects.filter(active=True).order_by("side", "code")
        if not (may_review(user) and self.of_others):
            units = units.filter(users=user)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = units
        if user.organization is not None:
            field.initial = user.organization.code
        quarters = Period.objects.order_by("-starts_on")
        field = self.fields["period"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = quarters
        field.initial = self._reported(quarters)
        for one in self.fields.values():
            one.widget.attrs["class"] = "form-select"

    def _reported(self, quarters: QuerySet[Period]) -> str | None:
        """What is being reported: the last quarter that has ended for which the unit owes anything, else the last that has."""
        today = timezone.localdate()
        ended = quarters.filter(ends_on__lt=today)
        owed = Filing.objects.for_user(self.user).filter(organization=self.user.organization)
        found = (
            ended.filter(pk__in=owed.values("period")).first()
            or ended.first()
            or quarters.filter(starts_on__lte=today).first()
        )
        return found.code if found else None


class UploadForm(_UnitAndQuarter):
    """One workbook of one unit for one quarter."""

    register = forms.ChoiceField(label="台账", required=False)
    file = forms.FileField(
        label="文件",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
        error_messages={
            "required": "请选择文件。",
            "empty": "这是空文件，请重新选择。",
            "missing": "请选择文件。",
        },
        max_length=200,
    )

    def __init__(self, data: Any = None, files: Any = None, *, user: User) -> None:
        super().__init__(data, files, user=user)
        field = self.fields["register"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "按表头自动识别"), *register_choices(user, of_others=False)]
        field.widget.attrs["class"] = "form-select"
        self.fields["file"].widget.attrs["class"] = "form-control"


class OutForm(_UnitAndQuarter):
    """Which template or export: one register of one unit for one quarter."""

    of_others = True
    register = forms.ChoiceField(label="台账")

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, user=user)
        field = self.fields["register"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = register_choices(user, of_others=self.of_others)
        field.widget.attrs["class"] = "form-select"
        self.order_fields(["register", "organization", "period"])


class GridForm(OutForm):
    """Which sheet to fill on the web: one's own unit's."""

    of_others = False


class VoidForm(forms.Form):
    """Why a batch is undone."""

    reason = forms.CharField(
        label="作废理由",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        error_messages={"required": "请写明作废理由。"},
    )


class DecideForm(forms.Form):
    """The decision on all that waits of a batch; what the page showed of it, and how far it has come."""

    decision = forms.ChoiceField(choices=[("approve", "通过"), ("return", "退回")], widget=forms.HiddenInput)
    reason = forms.CharField(
        label="退回理由",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    after = forms.IntegerField(min_value=0, max_value=10**9, widget=forms.HiddenInput)
    decided = forms.IntegerField(min_value=0, max_value=10**9, widget=forms.HiddenInput)
    refused = forms.IntegerField(min_value=0, max_value=10**9, widget=forms.HiddenInput)


def register_choices(user: User, *, of_others: bool) -> list[tuple[str, str]]:
    """The registers that the user's unit may bring in; `of_others`: for a reviewer, any unit."""
    if may_review(user) and of_others:
        units = list(Organization.objects.filter(active=True).order_by("code"))
    else:
        units = [user.organization] if user.organization is not None else []
    found = {register.code: register.name for unit in units for register in registers_for(unit)}
    return list(found.items())


class ReasonForm(forms.Form):
    """What a list that names people is taken out for."""

    reason = forms.CharField(
        label="导出理由",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        help_text="写明用途，例如：报市局第二季度台账。理由会长期留存，不要写证件号码或电话。",
        error_messages={"required": "请写明导出理由。"},
    )

    def clean_reason(self) -> str:
        try:
            return checked_reason(self.cleaned_data["reason"])
        except ValidationError as error:
            raise ValidationError(error.message_dict["reason"]) from None
