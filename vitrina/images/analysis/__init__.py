"""What a picture tells: measured facts, and a model's opinion beside them.

Belongs here: colours, sharpness, exposure, background, near-duplicates (no model), the vision model's answer, how the
two are merged, their table. Stays out: fetching and decoding (``vitrina.images``), what is done about a picture that
contradicts its text (``vitrina.content.picture_conflicts``).
"""
