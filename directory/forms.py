"""The forms of logging in, passwords, accounts and units."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.utils import timezone

from directory.models import Division, Organization, User
from directory.people import LONGEST_REASON, SECRETS

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
