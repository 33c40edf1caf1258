"""App configuration of the ledger core."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Plans, lines, accounts, entries, filings, periods."""

    name = "ledger"
    verbose_name = "账簿"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from ledger import checks  # noqa: F401  (registering is the import's purpose)
