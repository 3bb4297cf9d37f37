"""Categories: the tree, the classifier, the cascade that decides, and its measurement.

Pure modules of this package import neither Django nor Dagster; the models are beside them in ``models``.
"""
