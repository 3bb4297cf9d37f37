"""The domain of Vitrina: everything the platform knows that is not Dagster.

No module below this package imports Dagster, ``pipelines``, ``assets``, ``resources`` or ``sensors``.
"""

__version__ = "0.1.0"
