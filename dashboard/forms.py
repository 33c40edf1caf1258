"""The form in which a leader rules on an open question."""

from __future__ import annotations

from typing import Any

from django import forms

from ledger.models import OpenQuestion


class RulingForm(forms.Form):
    reading = forms.ChoiceField(
        label="采用的读法",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择一种读法。", "invalid_choice": "请从列出的读法中选择一种。"},
    )
    reason = forms.CharField(
        label="裁定的依据",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="例如会议名称和日期、批示文号；会与裁定一起长期显示。",
        error_messages={
            "required": "请写明裁定的依据。",
            "max_length": "依据最多 500 字，现有 %(show_value)d 字。",
        },
    )

    def __init__(self, question: OpenQuestion, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reading"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(reading["code"]), str(reading["label"])) for reading in question.readings]
