"""Filters of the number pages."""
