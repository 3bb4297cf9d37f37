"""The platform's PostgreSQL, through Django's models. Stays out: any query."""

import dagster as dg

from vitrina.config import Settings, get_settings


class Warehouse(dg.ConfigurableResource):
    """Makes Django ready for the run, with fresh connections, and hands out the settings."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's signature
        from vitrina.project.setup import setup_django

        setup_django()

    @property
    def settings(self) -> Settings:
        """The process's settings."""
        return get_settings()
