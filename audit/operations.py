"""Operations of migrations beside Django's own."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field


class AlterFields(Operation):
    """Several AlterFields that change no relation (an index, a help text): model → field's name → the field.

    Each of Django's puts together anew every model that is related to its own, which here are nearly all, and on SQLite
    copies the table: sixty of them took half of the time that a migration from nothing takes. This does both once.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, fields: dict[str, dict[str, Field[Any, Any]]]) -> None:
        self.fields = fields

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        vars(state).pop("apps", None)  # put together again when asked for, and not after each field
        for model, fields in self.fields.items():
            for name, field in fields.items():
                state.alter_field(app_label, model, name, field, preserve_default=True)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for model, fields in self.fields.items():
            old, new = from_state.apps.get_model(app_label, model), to_state.apps.get_model(app_label, model)
            if not self.allow_migrate_model(schema_editor.connection.alias, new):
                continue
            # SQLite makes the table anew as the model given says: the first field brings the others along
            at_once = schema_editor.connection.vendor == "sqlite"
            for name in list(fields)[: 1 if at_once else None]:
                schema_editor.alter_field(
                    new if at_once else old, old._meta.get_field(name), new._meta.get_field(name)
                )

    database_backwards = database_forwards

    def describe(self) -> str:
        return "Alter fields of " + ", ".join(sorted(self.fields))
