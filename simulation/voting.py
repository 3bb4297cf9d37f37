"""The made-up people at the desk: accounts, keys, and votes over the desk's own HTTP API.

Belongs here: what goes over the wire, as a program of a user's would send it (docs/api.md). Stays out: how a person
judges (``annotators``). Accounts and keys are made as an administrator does on this machine; everything else is HTTP.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulation.annotators import Annotator
from vitrina.errors import RetryableError

ADMIN = "lead@people.example"
_PATIENCE_S = 60.0


@dataclass(slots=True)
class Votes:
    """What came of a sitting.

    Attributes:
        given: Person → votes, gold included.
        careless: Pseudonym → share of right answers, of those who failed the gold.
        voided: Votes of theirs that do not count any more.
    """

    given: Counter[str] = field(default_factory=Counter)
    careless: dict[str, float] = field(default_factory=dict)
    voided: int = 0


class DeskClient:
    """One person's connection to the API, kept open."""

    def __init__(self, address: str, key: str) -> None:
        self._host = urlsplit(address).netloc
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._connection: HTTPConnection | None = None

    def call(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **query: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body and headers of a call; one that was lost or came too fast is sent again.

        Raises:
            RetryableError: the desk does not answer.
        """
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        address = f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {**self._headers, "Content-Type": kind} if data is not None else self._headers
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if self._connection is None:
                    self._connection = HTTPConnection(self._host, timeout=_PATIENCE_S)
                self._connection.request(method, address, body=data, headers=headers)
                answer = self._connection.getresponse()
                text = answer.read()
            except (OSError, HTTPException):
                self.close()
                time.sleep(0.2)
                continue
            if answer.status == 429 or answer.status >= 500:
                time.sleep(min(float(answer.headers.get("Retry-After") or 0.5), 5.0))
                continue
            return answer.status, json.loads(text) if text else None, dict(answer.headers)
        raise RetryableError(f"The desk did not answer {method} {address} in {_PATIENCE_S:.0f} s.")

    def must(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The body of a call that must succeed."""
        status, answer, _ = self.call(method, path, body, **more)
        if status >= 400:
            raise RetryableError(f"The desk refused {method} {path}: {answer}")
        return answer

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def make_people(people: Sequence[Annotator]) -> dict[str, str]:
    """Name → key of the API, for the people and for ``lead``, an administrator. Accounts that stand are kept."""
    from django.contrib.auth.models import User

    from vitrina.accounts.roles import Role, give_role
    from vitrina.accounts.tokens import make_token, revoke_token, tokens_of

    keys = {}
    wanted = [(person.name, person.email, Role.ANNOTATOR) for person in people]
    for name, email, role in [*wanted, ("lead", ADMIN, Role.ADMIN)]:
        user, made = User.objects.get_or_create(username=email, defaults={"email": email, "first_name": name})
        if made:
            user.set_unusable_password()
            user.save()
        give_role(user, role)
        for former in tokens_of(user):
            revoke_token(user, former.number)
        keys[name] = make_token(user, "demo loop", days=2)[1]
    return keys


def add_gold(desk: str, key: str, batch: int, pairs: Sequence[Mapping[str, Any]]) -> int:
    """Put pairs whose answer is known into a batch, as its administrator; returns how many are new."""
    client = DeskClient(desk, key)
    lines = b"".join(json.dumps({**pair, "part": "gold"}, ensure_ascii=False).encode() + b"\n" for pair in pairs)
    answer = client.must("POST", f"batches/{batch}/pairs", lines, kind="application/x-ndjson")
    client.close()
    return int(answer["added"])


def vote(
    desk: str, keys: Mapping[str, str], people: Sequence[Annotator], batches: Sequence[int], *, seed: int,
    tell: Callable[[int], None] = lambda _: None,
) -> Votes:  # fmt: skip
    """Everybody works through the batches until nothing is left; then the lead throws out who failed the gold.

    What these votes leave open is compared by the others. The last answers can be undone for a minute, so the votes
    count a minute later.
    """
    result = Votes()
    lead = DeskClient(desk, keys["lead"])
    failed: set[str] = set()
    while True:
        there = [one for one in people if one.email not in failed]
        with ThreadPoolExecutor(len(there), thread_name_prefix="annotator") as pool:
            for person, count in zip(
                there, pool.map(lambda one: _sit(desk, keys[one.name], one, batches, seed, tell), there),
                strict=True,
            ):  # fmt: skip
                result.given[person.name] += count
        caught = _caught(lead, batches, there)
        if not caught:
            break
        for email, share in caught.items():
            failed.add(email)
            result.careless[email] = share
            for batch in batches:
                told = {"annotator": email, "reason": f"Gold: {share:.0%} right."}
                result.voided += int(lead.must("POST", f"batches/{batch}/void", told)["voided"])
    lead.close()
    return result


def _caught(lead: DeskClient, batches: Sequence[int], people: Sequence[Annotator]) -> dict[str, float]:
    """Address → share of right gold answers, of those who fail the gold of a batch."""
    from vitrina.review.guidelines import pseudonyms

    names = _by_pseudonym(people, pseudonyms)
    found: dict[str, float] = {}
    for batch in batches:
        for row in lead.must("GET", f"batches/{batch}/gold")["results"]:
            if row["annotator"] in names:
                found[names[row["annotator"]]] = float(row["share"])
    return found


def _by_pseudonym(people: Sequence[Annotator], pseudonyms: Any) -> dict[str, str]:
    from django.contrib.auth.models import User

    ids = dict(User.objects.filter(username__in=[one.email for one in people]).values_list("pk", "username"))
    return {pseudonym: ids[pk] for pk, pseudonym in pseudonyms(ids).items()}


def _sit(
    desk: str, key: str, person: Annotator, batches: Sequence[int], seed: int,
    tell: Callable[[int], None],
) -> int:  # fmt: skip
    """One person compares until each batch has nothing more for them. Returns the votes."""
    client, count = DeskClient(desk, key), 0
    for batch in batches:
        item = _next(client, batch)
        while item is not None:
            side = person.answer(item["facts"], item["left"], item["right"], seed=seed)
            status, answer, _ = client.call("POST", f"leases/{item['token']}/decide", {"side": side, "next": True})
            if status == 409:  # somebody was faster, or the lease is over: another pair
                item = _next(client, batch)
                continue
            if status >= 400:
                raise RetryableError(f"The desk refused a vote: {answer}")
            count += 1
            tell(1)
            item = answer["next"] if answer["next"] is not None else _next(client, batch)
    client.close()
    return count


def _next(client: DeskClient, batch: int) -> dict[str, Any] | None:
    """The next pair; waits while others hold the rest."""
    for _ in range(20):
        status, item, headers = client.call("GET", "items/next", batch=batch)
        if status == 200:
            return dict(item)
        if status != 204 or headers.get("X-Nothing") != "all-held":
            return None
        time.sleep(0.25)
    return None
