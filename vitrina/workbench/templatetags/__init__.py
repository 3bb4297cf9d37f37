"""Filters of the work-by-hand pages."""
