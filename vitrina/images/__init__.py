"""Pictures of products: from the addresses that feeds give to stored, safe derivatives.

Belongs here: fetching, decoding, derivatives, keys, analysis of pictures, and their tables. Stays out: which addresses
a product has (``vitrina.feeds``), what is published (``vitrina.catalog.publishing``).
"""
