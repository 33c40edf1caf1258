"""What no page of ours may contain: anything from another host, and anything that the strict
Content-Security-Policy refuses (inline script, inline style, on… handlers)."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")])
STATIC = sorted(
    file
    for folder in [ROOT / "static", *ROOT.glob("*/static")]
    if folder != ROOT / "var" / "static"
    for file in folder.rglob("*")
    if file.suffix in {".css", ".js", ".svg", ".html"} and "vendor" not in file.parts
)
CODE = sorted(
    file
    for app in ("audit", "directory", "ledger", "funds", "desk", "workbooks", "dashboard", "rongshan")
    for file in (ROOT / app).rglob("*.py")
    if "migrations" not in file.parts
)

FORBIDDEN = {
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style[\s>]",
    "an inline script": r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>",
    "an on… handler": r"<[^>]*\son[a-z]+\s*=\s*[\"']",
    "a javascript: address": r"[\"']\s*javascript:",
}
# With or without the scheme; www.w3.org is part of names in SVG and never fetched.
OTHER_HOST = r"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+(?:\.[a-z0-9-]+)+"


def where(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_there_are_pages_to_look_at() -> None:
    assert {"templates/base.html", "templates/500.html"} <= {where(file) for file in TEMPLATES}
    assert {"static/css/app.css", "static/js/app.js"} <= {where(file) for file in STATIC}


def test_markup_of_ours_has_nothing_inline() -> None:
    wrong = [
        f"{where(file)}: {what}"
        for file in [*TEMPLATES, *CODE]
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, file.read_text(), re.IGNORECASE)
    ]
    assert wrong == []


def test_nothing_of_ours_names_another_host() -> None:
    found = {
        where(file): re.findall(OTHER_HOST, file.read_text(), re.IGNORECASE) for file in [*TEMPLATES, *STATIC]
    }
    assert {file: hosts for file, hosts in found.items() if hosts} == {}


@pytest.mark.parametrize("sample", ["<p style='x'>", "<b onclick='x'>", "<script>x</script>", "<STYLE>"])
def test_the_patterns_find_what_they_are_for(sample: str) -> None:
    assert any(re.search(pattern, sample, re.IGNORECASE) for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("sample", ['src="https://cdn.example.com/x.js"', "url(//cdn.example.com/x.css)"])
def test_other_hosts_are_found_with_and_without_a_scheme(sample: str) -> None:
    assert re.search(OTHER_HOST, sample)


def test_no_third_party_file_is_in_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/static/vendor/" in ignored
    assert "/node_modules/" in ignored
