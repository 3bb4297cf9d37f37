"""Pictures of the samples' goods, drawn when they are needed.

Belongs here: shapes, drawing, which product gets which shape, placing the files. Stays out: the goods themselves
(``samples/drops``), fetching them (``vitrina.images``). A few hundred drawings take seconds and no megabyte of history.
"""
