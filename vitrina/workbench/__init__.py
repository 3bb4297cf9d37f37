"""Work by hand: looking products up, processing them now, editing, taking them off, uploads.

Belongs here: pages and forms, and asking Dagster for runs. Stays out: what the runs do (``assets``), the frame of pages
(``vitrina.desk``).
"""
