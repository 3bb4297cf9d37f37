"""Tables of review: what waits for people, who holds it, what they said, what pipelines have still to be told.

Belongs here: the list of models, so that ``vitrina.review.models`` names them all. The tables are in the modules
beside.
"""

from vitrina.review.models.batches import Batch, GuidelinesVersion
from vitrina.review.models.decisions import Decision, Outbox
from vitrina.review.models.items import ResponsePair, ReviewItem
from vitrina.review.models.looks import SecondLook
from vitrina.review.models.personal import BoardConsent, SavedView
from vitrina.review.models.work import Annotator, Lease, SetAside, Watermark

__all__ = [
    "Annotator",
    "Batch",
    "BoardConsent",
    "Decision",
    "GuidelinesVersion",
    "Lease",
    "Outbox",
    "ResponsePair",
    "ReviewItem",
    "SavedView",
    "SecondLook",
    "SetAside",
    "Watermark",
]
