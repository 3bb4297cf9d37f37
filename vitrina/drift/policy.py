"""What people say of the policy in use since it writes, and the way back.

Belongs here: whether votes speak against the policy in use, in words. Stays out: counting votes
(``vitrina.models_registry.desk_votes``), the rule (``vitrina.policy.gates``), the reward model in use (``reading``).

The gate counts votes at a promotion. Votes that come later change nobody's status by themselves: a person rolls back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vitrina.models_registry import services
from vitrina.models_registry.desk_votes import votes_beside_others, votes_of
from vitrina.models_registry.models import RegisteredModel
from vitrina.policy.gates import MIN_VOTES, Votes, refuted
from vitrina.statistics.intervals import Interval

#: What its texts were shown beside.
SFT, OTHERS = "SFT", "other writers"
_ROLL_BACK = "vitrina policy roll-back --by NAME --reason WHY"


@dataclass(frozen=True, slots=True)
class Reception:
    """A policy in use and how its texts were received.

    Attributes:
        votes: By what its texts were shown beside.
        former: The policy that was in use before it.
    """

    model: RegisteredModel
    votes: Mapping[str, Votes]
    former: RegisteredModel | None

    @property
    def against(self) -> list[str]:
        """What people prefer to it, by enough votes."""
        return [beside for beside, votes in self.votes.items() if refuted(votes)]

    @property
    def words(self) -> str:
        """One sentence about each of what its texts were shown beside."""
        return " ".join(_said(beside, votes) for beside, votes in self.votes.items())

    @property
    def way_back(self) -> str:
        """The command that ends its use; empty while nothing speaks against it."""
        if not self.against:
            return ""
        then = f"brings back {self.former.model_id[:12]}" if self.former else "none was in use before: none is then"
        return f"{_ROLL_BACK} ({then})"


def received() -> Reception | None:
    """How the policy in use was received; ``None`` while there is none."""
    row = services.champion(RegisteredModel.Role.POLICY)
    if row is None:
        return None
    others = votes_beside_others(row.model_id, str(row.manifest.get("sft_model_id", "")))
    return Reception(row, {SFT: votes_of(row), OTHERS: others}, services.former(row))


def _said(beside: str, votes: Votes) -> str:
    if votes.decided < MIN_VOTES:
        return f"Beside {beside}: {votes.decided} of {MIN_VOTES} votes that are needed to say anything."
    share = votes.share
    if not isinstance(share, Interval):
        return f"Beside {beside}: {votes.decided} votes, and no pair that a majority decided."
    verdict = "people prefer the other text" if refuted(votes) else "not worse"
    found = f"preferred in {share.estimate:.3f} [{share.low:.3f}, {share.high:.3f}] of {share.n} pairs"
    return f"Beside {beside}: {found}, {votes.decided} votes: {verdict}."
