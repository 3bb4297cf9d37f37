"""Vectors: lexical embedders and the rebuildable vector index.

The truth of every vector is in PostgreSQL, beside its fingerprint and embedder id; an index can always be built again
from there. Pure modules of this package import neither Django nor Dagster.
"""
