"""Words of goods in Russian, Turkish and English: colours, materials, countries, kinds of goods, units, claims.

Belongs here: the data files under ``data/``, how they are read and validated, how their words are found in text and
said in Russian. Stays out: what a text may claim of a product (``vitrina.content.grounding``) and any I/O but reading
the data files.
"""

from vitrina.lexicon.entries import Entry, LexiconError, Match
from vitrina.lexicon.lexicon import Lexicon, load

__all__ = ["Entry", "Lexicon", "LexiconError", "Match", "load"]
