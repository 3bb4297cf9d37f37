"""Feeds: from the bytes a parser left to cleaned products. Pure: no Django, no Dagster, no network.

Start at :func:`vitrina.feeds.reading.read_drop`; the types are in :mod:`vitrina.feeds.records`.
"""
