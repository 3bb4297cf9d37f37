"""Taking the background off a product's picture.

Belongs here: the back ends, how far their result may be trusted, the queue of requests. Stays out: the rough mask that
colours are measured in (``vitrina.images.analysis.foreground``), pages.
"""
