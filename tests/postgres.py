"""A PostgreSQL server that lives as long as the tests, where its programs are installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "geheim"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def programs() -> Path | None:
    """The folder of initdb and postgres: the newest of Debian's, or what is on the PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(versions, key=lambda path: int(path.parent.name), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Server:
    """A cluster in a folder of its own, on a Unix socket there; `url` leads to its database.

    Its locale is one that sorts as people do, where PostgreSQL can: an index must not depend on it.
    """

    def __init__(self, bin: Path, where: Path) -> None:
        self._bin = bin
        self._where = where
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://ganbench:{PASSWORD}@/postgres?host={where}"
        self._as = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = _unprivileged()
            os.chown(where, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        secret = where / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        common = ["-U", "ganbench", "-A", "scram-sha-256", "--pwfile", str(secret), "--no-sync"]
        sorting = ["--locale-provider=icu", "--icu-locale=en-US"]
        if self._run("initdb", *common, *sorting, "-E", "UTF8").wait():
            assert self._run("initdb", *common, "-E", "UTF8", "--locale=C").wait() == 0
        self.start()

    def start(self) -> None:
        """Starts it and returns once it answers."""
        import psycopg

        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", "-k", str(self._where), *settings)
        for _ in range(300):
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self._where / "log").read_text()
                time.sleep(0.1)
        raise TimeoutError("PostgreSQL does not answer")

    def stop(self) -> None:
        """Stops it at once: who is connected loses that."""
        if self._process is not None:
            self._process.send_signal(2)  # SIGINT: fast shutdown
            self._process.wait()

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(self._bin / program), "-D", str(self._where / "data"), *arguments]
        with (self._where / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd="/",
                **self._as,
            )


@contextmanager
def server(bin: Path) -> Iterator[Server]:
    """A running server, and nothing of it afterwards."""
    where = Path(tempfile.mkdtemp(prefix="gb-pg-"))  # a socket's path is short
    try:
        made = Server(bin, where)
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(where, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
