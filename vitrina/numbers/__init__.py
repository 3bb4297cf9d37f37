"""Numbers of the desk: throughput, cost, quality of texts, agreement of people.

Belongs here: figures read from marts and tables, plots drawn as SVG, their pages. Stays out: what the figures are
about (``vitrina.review``, ``vitrina.llm``, ``dbt_like_sql``), the frame of pages (``vitrina.desk``).
"""
