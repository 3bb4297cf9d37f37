"""Servers that Vitrina starts on this machine: the embedded PostgreSQL and the Dagster processes.

What belongs here: finding, starting, watching and stopping processes. What stays out: what runs inside
them (pipelines, the Django project) and any knowledge of products.
"""
