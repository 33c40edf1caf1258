"""The floors of DESIGN §3: what lies above may know what lies below, never the other way round or sideways.

import-linter holds it for imports (the layers in pyproject.toml); these tests hold it for the tables, and see
to it that no app is forgotten in either.
"""

import tomllib
from pathlib import Path

from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
# From the top floor down, the apps of one floor together.
FLOORS = [
    [app.strip() for app in floor.split("|")] for floor in TOOLS["importlinter"]["contracts"][0]["layers"]
]
OURS = {app: height for height, floor in enumerate(reversed(FLOORS)) for app in floor}


def test_relations_between_tables_point_downwards_or_stay_in_their_app() -> None:
    wrong = [
        f"{field.model._meta.label}.{field.name} → {target._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
        if (target := field.related_model) is not None
        and not isinstance(target, str)
        and target._meta.app_label in OURS
        and target._meta.app_label != model._meta.app_label
        and OURS[target._meta.app_label] >= OURS[model._meta.app_label]
    ]
    assert wrong == []


def test_our_tables_have_no_relation_to_tables_of_other_people() -> None:
    # A generic foreign key or a permission row would let any floor point at any other.
    wrong = [
        f"{field.model._meta.label}.{field.name} → {target._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
        if (target := field.related_model) is not None
        and not isinstance(target, str)
        and target._meta.app_label not in OURS
    ]
    assert wrong == []


def test_every_app_of_this_checkout_has_a_floor_is_installed_and_is_checked() -> None:
    on_disk = {file.parent.name for file in ROOT.glob("*/apps.py")}
    assert on_disk == set(OURS)
    assert on_disk <= set(settings.INSTALLED_APPS)
    assert on_disk == set(TOOLS["importlinter"]["root_packages"])
    assert on_disk == set(TOOLS["coverage"]["run"]["source"])
    assert on_disk <= set(TOOLS["mypy"]["files"])
