"""The admin: tables as they are, for administrators.

Belongs here: what is shown of which table, and the few that can be changed, through the services that pages use.
Stays out: work (``vitrina.desk``, ``vitrina.comparison``), and changing anything that a person or a pipeline recorded.
"""
