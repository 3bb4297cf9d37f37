"""``python -m vitrina.llm.service --port N``: the same as ``vitrina serve-models``, for containers without scripts.

Belongs here: nothing but the way in.
"""

from __future__ import annotations

import sys

from vitrina.llm.service.serving import TOKEN_VARIABLE

__all__ = ["TOKEN_VARIABLE", "main"]


def main() -> None:
    """Serves until it is told to stop."""
    from vitrina.cli.main import main as vitrina

    sys.argv[1:1] = ["serve-models"]
    vitrina()


if __name__ == "__main__":
    main()
