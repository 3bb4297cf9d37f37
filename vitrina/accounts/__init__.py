"""People who work at the desk: invitations, roles, sign-in.

Belongs here: who may do what. Stays out: what they do (``vitrina.review``) and its pages (``vitrina.desk``).
"""
