"""Bulk writes into the platform's own tables.

Belongs here: ``copy_upsert`` and the small SQL helpers beside it. Stays out: what is written, and why.
"""

from vitrina.warehouse.copy import UpsertResult, column_names, copy_into, copy_new, copy_upsert, identifiers, json_wire

__all__ = ["UpsertResult", "column_names", "copy_into", "copy_new", "copy_upsert", "identifiers", "json_wire"]
