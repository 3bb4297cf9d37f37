"""Trained models in a process of their own: the only one of the platform that imports torch to use them.

What belongs here: the ``serve-models`` process, starting it on demand, asking it. What stays out: models themselves
(``vitrina.reward``, ``vitrina.policy``), what scores and texts are used for.
"""
