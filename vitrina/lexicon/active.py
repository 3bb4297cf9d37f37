"""The lexicon of this installation: the built-in words with those that ``VITRINA_LEXICON`` names.

Belongs here: the one place where words and settings meet. Stays out: everything about words.
"""

from __future__ import annotations

from vitrina.config import get_settings
from vitrina.lexicon.lexicon import Lexicon, load


def active() -> Lexicon:
    """The lexicon of the settings; loaded once a process.

    Raises:
        LexiconError: the user's file is missing or wrong.
    """
    return load(get_settings().vitrina_lexicon)
