"""The pages of the review desk.

Belongs here: views, templates, what is shown. Stays out: decisions and queues (``vitrina.review``), who people are
(``vitrina.accounts``). Views hold no rules: they call services and show what those say.
"""
