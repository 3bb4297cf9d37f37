"""Models that write: taught by examples (SFT), then by a reward model (policy); and the figures they are judged by.

What belongs here: settings, folders, training, writing and judging of models that write short cards. What stays out:
reward models (`vitrina.reward`), the processes that call this (`vitrina.training`), which model is in use
(`vitrina.models_registry`).
"""
