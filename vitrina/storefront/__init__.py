"""What leaves the platform for shops: the published catalogue in exchange formats.

Belongs here: formats and their rules. Stays out: which version is published (``vitrina.catalog.publishing``).
"""
