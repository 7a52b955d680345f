"""Puts closed files into S3. A file that is closed and on the disk is one that is not there yet.

What a process leaves behind, killed or not, the next one that writes to the file uploads: nothing else is remembered.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from logcapy._attempts import backoff_seconds
from logcapy._forking import call_in_child
from logcapy._guard import describe_error, say
from logcapy.errors import ConfigError

from ._file_lock import FileLock
from ._quiet_botocore import quiet_botocore

#: How long ``shutdown()`` waits for uploads at most; LogCapy's delivery gives it less.
#: What is left then, the next process uploads.
_CLOSE_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
#: How often to look whether the process that uploads has ended.
_LOCK_SECONDS = 0.5


class Archive:
    """A thread of this process, begun when it is first needed, that uploads; of several processes one does at a time.

    Args:
        url: ``s3://bucket/prefix``.
        path: The file that is written to.
        ready: Lists the closed files, oldest first, as they are to be uploaded. Called under a lock of all processes.

    Raises:
        ConfigError: boto3 is missing.
    """

    def __init__(self, url: str, path: Path, ready: Callable[[], list[Path]]) -> None:
        try:
            import boto3  # noqa: F401 - told now, not when the first file is closed
        except ImportError:
            raise ConfigError("archive", "boto3", "install it: pip install 'logcapy[s3]'") from None
        parts = urlsplit(url)
        self._url, self._bucket, self._prefix = url, parts.netloc, parts.path.strip("/")
        self.lock = FileLock(path.with_name(f".{path.name}.archive.lock"))
        self._ready = ready
        self._begin()
        call_in_child(self._begin)

    def _begin(self) -> None:
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted = self._closing = False

    def wake(self) -> None:
        """Upload what there is, soon."""
        with self._condition:
            self._wanted = True
            self._condition.notify_all()
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="logcapy-archive", daemon=True)
                self._thread.start()

    @property
    def is_awake(self) -> bool:
        """Whether this process has its thread."""
        return self._thread is not None

    def close(self) -> None:
        """Wait for what is to be uploaded, a few seconds at most."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        attempt, pause = 0, 0.0
        while True:
            with self._condition:
                if pause:
                    self._condition.wait_for(lambda: self._closing, pause)
                elif not self._wanted:
                    self._condition.wait_for(lambda: self._wanted or self._closing)
                if self._closing and not self._wanted:
                    return
                self._wanted = False
            try:
                pause = 0.0 if self._upload_all() else _LOCK_SECONDS
                attempt = 0
            except Exception as error:  # noqa: BLE001 - of boto3, of many kinds, or the system's
                attempt += 1
                pause = backoff_seconds(attempt, None)
                say("archive", f"closed files wait to be put into {self._url}: {describe_error(error)}")
            with self._condition:
                if pause and self._closing:
                    return  # the next process uploads what is left
                self._wanted = self._wanted or bool(pause)

    def _upload_all(self) -> bool:
        """Whether this process was the one to do it."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self.lock.held(deadline=0.0))
            except BlockingIOError:
                return False
            client: Any = None
            for path in self._ready():
                client = client or _open_client()
                with contextlib.suppress(FileNotFoundError):  # there was no room to keep it
                    self._upload(client, path)
            return True

    def _upload(self, client: Any, path: Path) -> None:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
            file.seek(0)
            key = self._key(path, digest.hexdigest()[:12])
            with quiet_botocore():
                client.put_object(Bucket=self._bucket, Key=key, Body=file)
        path.unlink()

    def _key(self, path: Path, digest: str) -> str:
        """By day and host. The digest keeps what is different apart; what is the same is there once."""
        closed = re.search(r"-(\d{4})(\d\d)(\d\d)T\d{6}-\d{6}", path.name)
        day = "/".join(closed.groups()) if closed else time.strftime("%Y/%m/%d", time.gmtime())
        stem, dot, suffixes = path.name.partition(".")
        return "/".join(filter(None, (self._prefix, day, socket.gethostname(), f"{stem}-{digest}{dot}{suffixes}")))


def _open_client() -> Any:
    import boto3
    from botocore.config import Config

    once = Config(connect_timeout=_TIMEOUT_SECONDS, read_timeout=_TIMEOUT_SECONDS, retries={"total_max_attempts": 1})
    return boto3.Session().client("s3", config=once)
