"""What a manual quotes in “…” stands on some page or in some message, word for word: the manuals tell what to press."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANUALS = sorted([*ROOT.glob("docs/*手册.md"), ROOT / "docs" / "领导查看.md"])
SAID_BY = ("templates/**/*.html", "*/*.py", "*/models/*.py", "static/js/*.js", "fixtures/*")
BETWEEN = r"……|…| → "  # what a manual leaves out, and the way from one page to the next


def everything_said() -> str:
    """The words of pages, forms, messages and invented data, without the markup."""
    files = [file for pattern in SAID_BY for file in ROOT.glob(pattern) if "tests" not in file.parts]
    return re.sub(r"<[^>]*>", "", "\n".join(file.read_text("utf-8") for file in files))


def test_there_is_a_manual_for_everybody() -> None:
    names = {"填报员手册.md", "审核员手册.md", "领导查看.md", "荣成方手册.md", "管理员手册.md"}
    assert {file.name for file in MANUALS} == names
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in names if f"docs/{name}" not in readme] == []


@pytest.mark.parametrize("manual", MANUALS, ids=lambda file: file.stem)
def test_what_a_manual_quotes_is_on_the_screen(manual: Path) -> None:
    said = everything_said()
    quoted = re.findall(r"“([^”]+)”|「([^」]+)」", manual.read_text("utf-8"))
    parts = [part.strip() for pair in quoted for part in re.split(BETWEEN, "".join(pair))]
    assert [part for part in parts if part not in said] == []
