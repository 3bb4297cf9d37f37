"""Readers of preference files: our own, hh-rlhf, PandaLM, qa-feedback, LLMBar, RewardBench.

What belongs here: files to frozen rows, without a database. What stays out: votes of the desk, datasets, training.
"""

from vitrina.preferences.formats.reading import FORMATS, Loaded, load, read_preferences, recognise
from vitrina.preferences.formats.rows import Choice, PreferenceRow, Reason, SetAside, Vote, majority

__all__ = [
    "FORMATS",
    "Choice",
    "Loaded",
    "PreferenceRow",
    "Reason",
    "SetAside",
    "Vote",
    "load",
    "majority",
    "read_preferences",
    "recognise",
]
