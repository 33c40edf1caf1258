"""What happens to the cast of tests/ledger/world.py on the desk: entries filed and decided by them, files they upload."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from directory.models import User
from funds.registers import FUND_FLOW
from ledger import actions, evidence
from ledger.models import Entry, Evidence
from tests.funds.rows import make_row
from tests.ledger.world import World

ON = date(2022, 6, 30)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def submitted(world: World, who: str, words: str, *, files: int = 1) -> Entry:
    """An entry filed by one of the cast, with evidence."""
    user = world.users[who]
    hung = [stored(user, f"凭证{n + 1}.pdf") for n in range(files)]
    return actions.submit(by=user, on=ON, register=FUND_FLOW, row=make_row(world, words), evidence=hung)


def approved(world: World, entry: Entry, by: str = "审核") -> Entry:
    actions.approve(by=world.users[by], on=ON, entry=entry, version=entry.version)
    entry.refresh_from_db()
    return entry


def stored(user: User, name: str = "凭证.pdf", content: bytes = PDF) -> Evidence:
    assert user.organization is not None
    return evidence.store(by=user, organization=user.organization, upload=upload(name, content))


def upload(name: str = "凭证.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def spend(number: int | str = 35, amount: str = "12.5") -> str:
    """The words of a 支出 of 徐庄镇."""
    return f"支出 2022-04 徐庄镇 {amount} 凭证号=记-{number} 收款方=某建筑公司"


def returned(
    world: World, entry: Entry, fields: dict[str, str] | None = None, reason: str = "请核对"
) -> Entry:
    actions.return_entry(
        by=world.users["审核"], on=ON, entry=entry, version=entry.version, reason=reason, fields=fields
    )
    entry.refresh_from_db()
    return entry


def page_text(response: Any) -> str:
    """The page as text; the response must be a page."""
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def the_entry(**filters: Any) -> Entry:
    return Entry.objects.unscoped("测试").get(**filters)


def count_entries(**filters: Any) -> int:
    return Entry.objects.unscoped("测试").filter(**filters).count()
