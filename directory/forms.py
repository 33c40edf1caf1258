"""The forms of logging in, passwords, accounts, units and people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.utils import timezone

from directory.figures import MaskedPerson
from directory.identity import LONGEST_NAME
from directory.matching import Ambiguous, NoMatch, load_names
from directory.models import Division, Organization, Person, PersonFact, User
from directory.people import LONGEST_REASON, SECRETS

HIDDEN = "未成年人，现值不显示。"
BUSINESS_ROLES = [(role.value, role.label) for role in User.Role if role not in User.ADMINISTRATORS]


class LoginForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "用户名或密码不正确，请重新输入。连续输错 5 次，账号将锁定 30 分钟。",
        "inactive": "这个账号已停用，请联系系统管理员。",
        "idle": "这个账号超过 90 天没有使用，已停止登录，请联系系统管理员恢复。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "用户名"
        self.fields["username"].widget.attrs["autocapitalize"] = "none"
        self.fields["password"].label = "密码"

    def clean_username(self) -> str:
        # Before axes counts failures: "Wang" and "wang" are one account and have five tries together.
        return User.normalize_username(self.cleaned_data["username"])

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if user.is_system:
            raise self.get_invalid_login_error()
        if user.idle_too_long(timezone.now()):
            raise ValidationError(self.error_messages["idle"], code="idle")


class PasswordForm(forms.Form):
    """Checks the old password and that the new one was typed twice alike; the rules are the action's."""

    old_password = forms.CharField(
        label="现在的密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    new_password = forms.CharField(
        label="新密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    new_password_again = forms.CharField(
        label="再输一次新密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.rules = password_validators_help_texts()

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        if not self.user.check_password(old):
            raise ValidationError("现在的密码不正确，请重新输入。")
        return old

    def clean_new_password_again(self) -> str:
        again: str = self.cleaned_data["new_password_again"]
        if "new_password" in self.cleaned_data and again != self.cleaned_data["new_password"]:
            raise ValidationError("两次输入的新密码不一样，请重新输入。")
        return again


class UserForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["full_name", "username", "organization", "role"]
        help_texts = {"username": "登录用，3到40位小写字母、数字、点或横线；建立后不再改。"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = self.fields["organization"]
        assert isinstance(units, forms.ModelChoiceField)
        units.queryset = Organization.objects.filter(active=True).order_by("-side", "kind", "code")
        units.required = True
        units.empty_label = "请选择单位"
        self.fields["role"] = forms.ChoiceField(
            label="角色",
            choices=[("", "请选择角色"), *BUSINESS_ROLES],
            error_messages={"required": "请选择角色。"},
        )

    def _post_clean(self) -> None:
        """The action checks the account as a whole and names all errors at once; twice would show them twice."""


class NameForm(forms.Form):
    full_name = forms.CharField(label="姓名", max_length=40)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="角色", choices=User.Role.choices)


class OrganizationForm(forms.ModelForm[Organization]):
    class Meta:
        model = Organization
        fields = ["name", "short_name", "code", "kind", "side", "division"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = self.fields["division"]
        assert isinstance(places, forms.ModelChoiceField)
        places.queryset = Division.objects.exclude(level="village").order_by("code")

    def _post_clean(self) -> None:
        """As in UserForm."""


class UserFilterForm(forms.Form):
    q = forms.CharField(label="姓名或用户名", required=False, max_length=40)
    organization = forms.ModelChoiceField(
        label="单位",
        required=False,
        empty_label="全部单位",
        queryset=Organization.objects.order_by("-side", "kind", "code"),
    )
    state = forms.ChoiceField(
        label="状态",
        required=False,
        choices=[("", "全部"), ("active", "在用"), ("inactive", "已停用"), ("idle", "90 天未登录")],
    )


class PersonSearchForm(forms.Form):
    """One box: with a digit in it, it is an identity number. Sent by POST, so that it is in no address and no log."""

    q = forms.CharField(
        label="身份证号或姓名",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "请输入完整的身份证号，或姓名中的两个字。"},
    )


class RevealForm(forms.Form):
    """Whether the reason is one is the action's question."""

    fields_shown = forms.MultipleChoiceField(
        label="查看内容",
        choices=list(SECRETS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请选择要查看的内容。"},
    )
    reason = forms.CharField(
        label="理由",
        max_length=LONGEST_REASON,
        help_text="至少5个字，会与您的姓名、时间一起留存，例如“核对培训签到与本人证件”。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "请写明理由，至少5个字。"},
    )


class GrantForm(forms.Form):
    """Why a named right is given or taken back; whether it is a reason is the action's question."""

    reason = forms.CharField(
        label="理由",
        max_length=LONGEST_REASON,
        help_text="至少5个字，长期留存，例如“负责希望小屋回访和验收”。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "请写明理由，至少5个字。"},
    )


class PersonChangeForm(forms.Form):
    """What is known of a person, field by field; an empty field leaves it as it is. The page shows it masked, so that
    nothing stored ever stands in a field. Whether a value is right is the action's question.
    """

    name = forms.CharField(label="姓名", max_length=LONGEST_NAME, required=False)
    id_number = forms.CharField(label="身份证号", max_length=40, required=False)
    sex = forms.ChoiceField(label="性别", required=False, choices=[("", "不改"), *Person.Sex.choices])
    birth_month = forms.CharField(label="出生年月", max_length=7, required=False)
    phones = forms.CharField(label="电话", max_length=200, required=False)
    no_phones = forms.BooleanField(label="删去登记的电话", required=False)
    division = forms.CharField(label="镇街、村居", max_length=60, required=False)

    def __init__(self, *args: Any, shown: MaskedPerson, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = {
            "name": "" if shown.is_child else shown.name,
            "id_number": shown.id_number,
            "sex": shown.sex,
            "birth_month": "",
            "phones": shown.phones,
            "division": shown.place,
        }
        for name, value in now.items():
            field = self.fields[name]
            field.help_text = f"现为 {value}。" if value else HIDDEN if shown.is_child else ""
            field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        self.fields["id_number"].help_text += "18位；残疾人证填20位。"
        self.fields["birth_month"].help_text = "写作 1979-06。"
        self.fields["phones"].help_text += "多个号码用顿号隔开；填写后替换原来的全部号码。"
        self.fields["division"].help_text += "例如 徐庄镇湖沟村。"
        if not shown.is_provisional:  # they follow from the number
            del self.fields["sex"], self.fields["birth_month"]

    def clean_division(self) -> Division | None:
        text: str = self.cleaned_data["division"].strip()
        if not text:
            return None
        names = load_names()
        try:
            return names.match_township(text)
        except Ambiguous as error:
            raise ValidationError(str(error)) from None
        except NoMatch:
            pass
        try:
            return names.match_village(text)
        except (NoMatch, Ambiguous) as error:
            raise ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("phones") and cleaned.get("no_phones"):
            self.add_error("no_phones", "已填写新的电话，不必再删去原来的；请取消其中一项。")
        if not self.errors and not any(cleaned.values()):
            raise ValidationError("请至少填写一项要更正的内容。")
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The arguments of `change_person`: what was typed, and nothing else."""
        typed = {name: value for name, value in self.cleaned_data.items() if value and name != "no_phones"}
        return typed | ({"phones": ""} if self.cleaned_data["no_phones"] else {})


class FactForm(forms.Form):
    """One dated fact. The category says of which kind it is: no code stands in both."""

    value = forms.ChoiceField(
        label="类别",
        choices=[
            ("", "请选择"),
            ("户类型", PersonFact.HouseholdType.choices),
            (
                "监测对象类别",
                [
                    (code, "不再是监测对象" if code == PersonFact.MonitorType.NONE else label)
                    for code, label in PersonFact.MonitorType.choices
                ],
            ),
        ],
        error_messages={"required": "请选择类别。"},
    )
    valid_from = forms.DateField(
        label="起始日期",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="文件或名单认定的日期；到下一次登记的前一天为止都按它。",
        error_messages={"required": "请填写起始日期。", "invalid": "请写成 2022-03-01 这样的日期。"},
    )
    risk_removed_on = forms.DateField(
        label="风险消除日期",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="只有监测对象才填；消除当天仍计入，次日起不计。",
        error_messages={"invalid": "请写成 2022-03-01 这样的日期。"},
    )
    source = forms.CharField(
        label="依据",
        max_length=200,
        help_text="文件或名单的名称、文号，例如“2022年1月动态监测名单”。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "请写明依据。"},
    )

    @property
    def kind(self) -> str:
        """The kind of the chosen category; only after is_valid()."""
        household = self.cleaned_data["value"] in PersonFact.HouseholdType.values
        return PersonFact.Kind.HOUSEHOLD_TYPE if household else PersonFact.Kind.MONITOR_TYPE


class WithdrawFactForm(forms.Form):
    """Whether the reason is one is the action's question."""

    reason = forms.CharField(
        label="撤销理由",
        max_length=LONGEST_REASON,
        help_text="至少5个字，会与您的姓名、时间一起留存，例如“名单有误，与户主核对过”。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "请写明理由，至少5个字。"},
    )
