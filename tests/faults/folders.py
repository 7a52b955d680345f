"""Row 27: whose folder may hold a spool."""

from __future__ import annotations

import ast
import os
import stat
from collections.abc import Callable
from pathlib import Path

from logcapy.errors import ConfigError
from servers.http import Answer, scripted_server

from .figure import Measured, Scale, row
from .pipelines import ours, scratch
from .programs import ROOT, run


@row(
    27,
    "Spool folder: any umask, symlink, foreign owner, world-writable parent",
    "0700 and 0600; refused with a clear reason; nothing is pickled",
)
def row_27(_scale: Scale) -> Measured:
    with scratch() as folder:
        modes = {mode for umask in (0o000, 0o022, 0o177, 0o777) for mode in _modes(folder / oct(umask), umask)}
        refused = {name: _refusal(make, folder / name) for name, make in _BAD_FOLDERS.items()}
    pickling = [path.name for path in (ROOT / "src").rglob("*.py") if _imports(path) & {"pickle", "marshal", "shelve"}]
    unclear = [name for name, text in refused.items() if not text]
    return Measured(
        f"modes {' and '.join(f'{mode:04o}' for mode in sorted(modes))}; {len(refused) - len(unclear)} of "
        f"{len(refused)} refused with reason and remedy; {len(pickling)} modules pickle",
        modes == {0o700, 0o600} and not unclear and not pickling,
    )


def _modes(folder: Path, umask: int) -> set[int]:
    """The modes of all that a process with this umask makes."""
    with scripted_server() as server:
        server.answers = [Answer(503)]
        source = (
            f"os.umask({umask})\nfrom tests.faults.pipelines import ours, until\n"
            "pipeline = ours(sys.argv[1], Path(sys.argv[2]))\npipeline.log('x')\n"
            "until(lambda: pipeline.stats.on_disk == 1)\npipeline.shutdown(0.1)\nreport(on_disk=pipeline.stats.on_disk)"
        )
        assert run(source, server.url, folder / "spool").reported == {"on_disk": 1}
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def _link(folder: Path) -> None:
    (folder.parent / f"{folder.name}-real").mkdir()
    folder.symlink_to(folder.parent / f"{folder.name}-real")


def _world_writable_parent(folder: Path) -> None:
    folder.parent.chmod(0o777)


def _foreign(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 65534, 65534)


_BAD_FOLDERS: dict[str, Callable[[Path], None]] = {
    "a link": _link,
    "a parent that all may write to": _world_writable_parent,
    "a file": lambda folder: folder.write_text("in the way") and None,  # type: ignore[func-returns-value]
    # Only root can give a folder away.
    **({"of another user": _foreign} if os.geteuid() == 0 else {}),
}


def _refusal(make: Callable[[Path], None], folder: Path) -> str:
    """Why a folder is refused; empty where it is not."""
    place = folder / "spool"
    folder.mkdir()
    make(place)
    try:
        ours("http://127.0.0.1:1", place).shutdown(0.1)
    except ConfigError as error:
        return str(error)
    return ""


def _imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    froms = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in (*names, *froms)}
