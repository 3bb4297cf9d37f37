"""People of the desk, for the admin."""

from tests.desk.conftest import browser, client_of, desk, person  # noqa: F401 - fixtures
