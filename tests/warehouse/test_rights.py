"""What the pipelines' role and the desk's role may do in the database, tried by logging in as one of each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, connections
from psycopg import errors, sql

from tests.catalog.making import catalogue, day, parsed, take, version
from tests.review.looks import REJECT, decide, draw_all
from tests.review.passing import let_pass
from vitrina.accounts.roles import Role, give_role
from vitrina.catalog.publishing import publish
from vitrina.config import get_settings
from vitrina.content.models import ContentVersion, Verdict
from vitrina.llm.slots import SharedSlots
from vitrina.preferences.models import Preference
from vitrina.project.database import split_url, with_role
from vitrina.project.rights import grant_rights, pipeline_rights
from vitrina.project.roles import DESK, PIPELINE, usable_roles
from vitrina.review.models import Decision, Outbox, ReviewItem, SecondLook

if TYPE_CHECKING:
    from vitrina.servers.testing import TestServer

pytestmark = pytest.mark.usefixtures("database")
LogIn = Callable[[str], str]


@pytest.fixture
def log_in(database: str, pg_server: TestServer) -> Iterator[LogIn]:
    """Makes a log-in that is a member of one role and no owner of anything; its URL, with a password over TCP."""
    made = []

    def make(role: str) -> str:
        name, password = f"test_{secrets.token_hex(4)}", secrets.token_hex(8)
        with psycopg.connect(database, autocommit=True) as owner:
            words = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
            owner.execute(words.format(sql.Identifier(name), sql.Literal(password), sql.Identifier(role)))
        made.append(name)
        base = psycopg.conninfo.conninfo_to_dict(pg_server.connection.dsn_tcp())
        place = psycopg.conninfo.conninfo_to_dict(database)
        return f"postgresql://{name}:{password}@{base['host']}:{base['port']}/{place['dbname']}"

    yield make
    with psycopg.connect(database, autocommit=True) as owner:
        for name in made:
            for words in ("DROP OWNED BY {}", "DROP ROLE {}"):
                owner.execute(sql.SQL(words).format(sql.Identifier(name)))


@pytest.fixture
def acting_as(database: str) -> Iterator[Callable[[str], None]]:
    """Lets Django act as a role from now on; as the owner again at the end."""

    def act(role: str) -> None:
        connections.close_all()
        connection.settings_dict.update(split_url(with_role(database, role)))

    yield act
    act("")


@pytest.fixture
def decided() -> Decision:
    """A text that waited, approved by a person with a password, and its outbox row."""
    take(day(1), [parsed("1", "Платье синее")])
    product = catalogue()["1"]
    text = version(product)
    Verdict.objects.create(version=text, approved=False, fingerprint="rules")
    item = ReviewItem.objects.create(kind="text", key=f"version:{text.pk}", product=product, version=text, priority=2)
    person = User.objects.create_user("anna@example.com", "anna@example.com", "a password")
    ReviewItem.objects.filter(pk=item.pk).update(state="approved", done=1)
    decision = Decision.objects.create(item=item, action="approve", decided_by=person)
    Outbox.objects.create(consumer="publication", kind="text:approve", decision=decision,
                          payload={"product": product.pk, "version": text.pk, "drop": None, "pair": None})  # fmt: skip
    return decision


def test_every_table_of_every_application_has_its_rights_named():
    for model in apps.get_models(include_auto_created=True):
        pipeline_rights(model._meta.app_label, model._meta.db_table)


def refused(session: psycopg.Connection[Any], words: str) -> bool:
    """Whether the server says that this role may not."""
    try:
        session.execute(words)  # type: ignore[call-overload]
    except errors.InsufficientPrivilege:
        return True
    return False


REFUSED = [
    "UPDATE review_decision SET action = 'reject'",
    "UPDATE review_decision SET choice = 'B', voided_at = now()",
    "UPDATE review_decision SET undone_at = now()",
    "DELETE FROM review_decision",
    "TRUNCATE review_decision CASCADE",
    "INSERT INTO review_decision (item_id, action, reasons, comment, decided_as) "
    "SELECT id, 'approve', '[]', '', 'a pipeline' FROM review_reviewitem",
    "UPDATE review_outbox SET payload = '{}'",
    "INSERT INTO review_outbox (consumer, kind, decision_id, payload, consumed_by) "
    "SELECT 'publication', 'x', id, '{}', '' FROM review_decision",
    "DELETE FROM review_outbox",
    "INSERT INTO review_boardconsent (user_id) SELECT id FROM auth_user",
    "DELETE FROM review_savedview",
    "SELECT password FROM auth_user",
    "SELECT * FROM auth_user",
    "UPDATE auth_user SET is_superuser = true",
    "INSERT INTO auth_user_groups (user_id, group_id) SELECT u.id, g.id FROM auth_user u, auth_group g",
    "SELECT * FROM django_session",
    "SELECT * FROM accounts_apitoken",
    "SELECT * FROM mfa_authenticator",
    "ALTER TABLE review_decision DISABLE TRIGGER ALL",
    "DROP TABLE review_decision CASCADE",
    "CREATE TABLE public.mine (id int)",
]


@pytest.mark.parametrize("acting", ["", PIPELINE], ids=["a member", "the role itself"])
def test_a_pipeline_cannot_change_what_people_decided(log_in: LogIn, decided: Decision, acting: str):
    url = with_role(log_in(PIPELINE), acting)
    before = Decision.objects.values().get()
    with psycopg.connect(url, autocommit=True) as session:
        assert [words for words in REFUSED if not refused(session, words)] == []
        assert session.execute("SELECT action FROM review_decision").fetchall() == [("approve",)]
        assert session.execute("SELECT username FROM auth_user").fetchall() == [("anna@example.com",)]
    assert Decision.objects.values().get() == before


def test_a_log_in_of_the_pipelines_cannot_take_on_the_desk(log_in: LogIn):
    url = log_in(PIPELINE)
    assert usable_roles(url) == {PIPELINE}
    with psycopg.connect(url, autocommit=True) as session, pytest.raises(errors.InsufficientPrivilege):
        session.execute("SET ROLE vitrina_desk")
    with pytest.raises(psycopg.OperationalError, match="permission denied to set role"):
        psycopg.connect(with_role(url, DESK))


def test_log_ins_of_their_own_share_limits_and_see_each_others_processes(log_in: LogIn):
    pipelines, desk = SharedSlots(log_in(PIPELINE), "thing", 2), SharedSlots(with_role(log_in(DESK), DESK), "thing", 2)
    with pipelines.held(), desk.held(), pytest.raises(TimeoutError), desk.held(timeout_s=0.2):
        pass
    with psycopg.connect(log_in(DESK)) as session:
        query = "SELECT count(*) FROM llm_process p JOIN pg_stat_activity a ON a.backend_start = p.backend_start"
        assert session.execute(query).fetchone() == (2,)
    pipelines.close()
    desk.close()


def test_the_desk_changes_rows_and_no_table(log_in: LogIn, decided: Decision):
    with psycopg.connect(log_in(DESK), autocommit=True) as session:
        assert session.execute("UPDATE review_decision SET comment = 'seen'").rowcount == 1
        assert session.execute("SELECT count(*) FROM auth_user WHERE password <> ''").fetchone() == (1,)
        for words in ("ALTER TABLE review_decision ADD x int", "DROP TABLE review_decision CASCADE",
                      "CREATE SCHEMA mine", "CREATE TABLE public.mine (id int)"):  # fmt: skip
            assert refused(session, words), words


def test_marts_are_made_by_the_pipelines_and_read_by_the_desk(database: str, log_in: LogIn):
    grant_rights()  # rights to the database itself are not copied with a template
    with psycopg.connect(with_role(database, PIPELINE), autocommit=True) as session:
        session.execute("CREATE SCHEMA marts")
        session.execute("CREATE TABLE marts.daily AS SELECT 1 AS one")
    with psycopg.connect(log_in(DESK), autocommit=True) as session:
        assert session.execute("SELECT one FROM marts.daily").fetchone() == (1,)
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("DELETE FROM marts.daily")


def test_marts_of_a_time_before_the_roles_are_handed_over(database: str, log_in: LogIn):
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA marts")
        owner.execute("CREATE TABLE marts.daily AS SELECT 1 AS one")
        owner.execute("CREATE VIEW marts.today AS SELECT one FROM marts.daily")
    grant_rights()
    with psycopg.connect(with_role(database, PIPELINE), autocommit=True) as session:
        session.execute("ALTER TABLE marts.daily RENAME TO daily_old")
        session.execute("DROP TABLE marts.daily_old CASCADE")
        session.execute("CREATE TABLE marts.daily AS SELECT 2 AS one")
    with psycopg.connect(log_in(DESK), autocommit=True) as session:
        assert session.execute("SELECT one FROM marts.daily").fetchone() == (2,)


def test_a_right_that_was_given_too_much_is_taken_away_again(database: str):
    def rights() -> list[Any]:
        with psycopg.connect(database) as owner:
            return owner.execute(
                "SELECT grantee, table_name, column_name, privilege_type FROM information_schema.column_privileges "
                "WHERE grantee LIKE 'vitrina%' ORDER BY 1, 2, 3, 4"
            ).fetchall()

    before = rights()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("GRANT ALL ON review_decision, auth_user TO vitrina_pipeline")
        owner.execute("GRANT UPDATE (choice) ON review_decision TO vitrina_pipeline")
    assert rights() != before
    grant_rights()
    assert rights() == before != []


def test_an_owner_who_may_make_no_roles_migrates_without_them(database: str, caplog, monkeypatch):
    monkeypatch.setattr("vitrina.project.rights.PIPELINE", "a_role_that_nobody_made")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("CREATE ROLE test_plain")
    try:
        connections.close_all()
        connection.settings_dict.update(split_url(with_role(database, "test_plain")))
        grant_rights()
        assert "act as the owner" in caplog.text
    finally:
        connections.close_all()
        connection.settings_dict.update(split_url(database))
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute("DROP ROLE test_plain")


def test_decisions_are_applied_with_the_rights_of_a_pipeline(settings, decided: Decision, acting_as):
    acting_as(PIPELINE)
    result = publish(settings, run_id="r1")
    assert (result.visible, result.consumed) == (1, 1)
    acting_as("")
    assert Outbox.objects.get().consumed_by == "r1"


def test_second_looks_are_drawn_heard_and_let_go_with_the_rights_of_a_pipeline(
    decided: Decision, acting_as, monkeypatch: pytest.MonkeyPatch
):
    draw_all(monkeypatch)

    def a_pass_later() -> None:
        let_pass()
        acting_as(PIPELINE)
        publish(get_settings(), run_id="r1")
        acting_as("")

    a_pass_later()
    look = SecondLook.objects.get()
    oleg = User.objects.create_user("oleg@example.com", "oleg@example.com", "a password")
    give_role(oleg, Role.MODERATOR)
    decide(oleg, look.item, REJECT)
    a_pass_later()
    assert ReviewItem.objects.get(state="open").look == ReviewItem.Look.SETTLING
    SecondLook.objects.update(outcome="waiting", ended_at=None, created_at="2026-01-01T00:00:00Z")
    ReviewItem.objects.filter(pk=look.item_id).update(state="open", done=0)
    a_pass_later()
    assert SecondLook.objects.get().outcome == "let_go"


def test_a_persons_own_words_are_published_with_the_rights_of_a_pipeline(settings, decided: Decision, acting_as):
    words = {"title": "Платье синее из хлопка", "description": "Платье " * 120}
    Decision.objects.update(action="edit", edit=words)
    Outbox.objects.update(kind="text:edit")
    acting_as(PIPELINE)
    publish(settings, run_id="r1")
    acting_as("")
    own = ContentVersion.objects.get(origin="person")
    assert own.author_id == decided.decided_by_id
    assert Decision.objects.get().version_id == own.pk
    assert Preference.objects.count() == 0  # its own consumer has not run
