"""Pictures of every page of the desk, and what axe finds wrong with them: ``vitrina desk screenshots``.

Belongs here: a scratch database with planted data, which pages there are, the browser, the report. Stays out: pages,
and tests of single ones. Nothing here touches the platform's own data.
"""
