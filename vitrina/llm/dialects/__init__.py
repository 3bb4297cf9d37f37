"""Wire formats of servers: how a canonical request is put, and how the reply is read.

Belongs here: one module per format, and telling which one an address speaks. Pure. Stays out: sending
(``vitrina.llm.transport``), and which way of asking for JSON a model takes (``vitrina.llm.ladder``).
"""

from vitrina.llm.dialects.base import Dialect, Plan, Rung, UnsendableError
from vitrina.llm.dialects.detect import by_address, by_models, named

__all__ = ["Dialect", "Plan", "Rung", "UnsendableError", "by_address", "by_models", "named"]
