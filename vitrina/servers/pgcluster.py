"""Making the embedded server's data folder, and the databases and the password in it.

What belongs here: what is done once, and is whole or not at all. What stays out: starting and stopping.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from vitrina.errors import PermanentError
from vitrina.servers.pgbinaries import Binaries, ServerUser, run_as
from vitrina.servers.pgconnection import DATABASES, START_SECONDS, USER, Connection, write_file
from vitrina.servers.pgplaces import give


def make_cluster(data: Path, binaries: Binaries, user: ServerUser | None) -> None:
    """Run initdb when ``data`` is no cluster yet.

    Raises PermanentError when initdb fails, or another major version made the folder.
    """
    version = data / "PG_VERSION"
    if version.is_file():
        major = version.read_text().strip()
        if major != str(binaries.major):
            raise PermanentError(
                f"{data} was made by PostgreSQL {major}, the programs here are {binaries.major}.",
                hint="Move the folder away to start anew, or point VITRINA_PG_BIN to the former version.",
            )
        return
    fresh = data.with_name(data.name + ".new")  # renamed when whole, so a killed initdb is no trap
    if fresh.exists():
        shutil.rmtree(fresh)
    give(fresh, user)
    # The builtin provider knows Cyrillic whatever LANG says; libc's C locale would not lower it (silently)
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if binaries.major >= 17
        else ["--locale=C.UTF-8"]
    )
    command = [binaries.path("initdb"), "-D", str(fresh), "-U", USER, "--encoding=UTF8", *locale]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"]
    done = run_as(user, command, timeout_s=START_SECONDS)
    if done.returncode != 0:
        hint = "Check free space and permissions, and that this user has an entry in /etc/passwd."
        raise PermanentError(f"initdb failed: {done.stdout.strip()[-800:]}", hint=hint)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude_if_exists = 'vitrina.conf'\n")
    fresh.rename(data)


def prepare_databases(connection: Connection, secret: Path) -> Connection:
    """Set the password (kept in the file ``secret``) and make the databases; each only when missing."""
    password = connection.password
    with psycopg.connect(connection.dsn_socket("postgres"), autocommit=True, connect_timeout=20) as session:
        if not password:
            password = secrets.token_urlsafe(24)
            hashed = session.pgconn.encrypt_password(password.encode(), USER.encode(), b"scram-sha-256")
            role = sql.Identifier(USER)
            session.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(hashed.decode())))
            write_file(secret, password, 0o600)
        there = {row[0] for row in session.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in there:
                session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with psycopg.connect(connection.dsn_socket("vitrina"), autocommit=True, connect_timeout=20) as session:
        session.execute("CREATE EXTENSION IF NOT EXISTS vector")
    return replace(connection, password=password)
