"""The offline writer: facts in, an honest description out, without a model.

Belongs here: reading facts (``reading``, ``attributes``, ``source_text``), the sheet of what is known (``sheet``),
wording (``russian``, ``english``, ``patterns_*``), SEO fields (``seo``). Stays out: the chat protocol
(``vitrina.content.offline_writer``) and the lexicon.
"""
