"""A disk in memory that fills up, fails, writes short, and forgets at a loss of power what was not synced."""

from __future__ import annotations

import errno
import os
import random
import stat
from collections import Counter
from dataclasses import dataclass, field

from logcapy.deliver.spool.disk import Status


@dataclass(eq=False)
class Node:
    """A file or a folder; ``synced`` is what a loss of power leaves of it for certain."""

    number: int
    mode: int
    data: bytearray = field(default_factory=bytearray)
    names: dict[str, Node] = field(default_factory=dict)
    synced_data: bytes = b""
    synced_names: dict[str, Node] = field(default_factory=dict)
    locked_by: object = None

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)


class Platter:
    """What several processes share.

    Args:
        seed: Of the chances that a loss of power takes.
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.capacity: float = float("inf")
        #: System calls by name, and how often each of them fails from now on, with which error.
        self.failures: dict[str, tuple[int, int]] = {}
        #: The most bytes that one write takes.
        self.write_bytes: float = float("inf")
        #: Whether a failure was shown that may leave a stale cursor or a ghost of a write.
        self.failed: Counter[str] = Counter()
        self._numbers = 0
        self.root = self.new_node(stat.S_IFDIR | 0o755)

    def new_node(self, mode: int) -> Node:
        self._numbers += 1
        return Node(self._numbers, mode)

    def files(self) -> list[Node]:
        return [node for node in self._nodes(self.root) if not node.is_folder]

    def _nodes(self, node: Node) -> list[Node]:
        return [node, *(each for child in node.names.values() for each in self._nodes(child))]

    def used(self) -> int:
        return sum(len(node.data) for node in self.files())

    def lose_power(self) -> None:
        """Of names and bytes that were not synced, any part may be there, and zeros in the place of bytes."""
        self._settle(self.root, set())

    def _settle(self, node: Node, settled: set[int]) -> None:
        if node.number in settled:
            return
        settled.add(node.number)
        node.locked_by = None
        if not node.is_folder:
            node.data = bytearray(self._left_of(bytes(node.data), node.synced_data))
            node.synced_data = bytes(node.data)
            return
        names = {}
        for name in {**node.synced_names, **node.names}:
            choices = {node.synced_names.get(name), node.names.get(name)}
            chosen = self.random.choice(sorted(choices, key=lambda each: each.number if each else 0))
            if chosen is not None:
                names[name] = chosen
        node.names, node.synced_names = names, dict(names)
        for child in names.values():
            self._settle(child, settled)

    def _left_of(self, data: bytes, synced: bytes) -> bytes:
        if not data.startswith(synced):
            return self.random.choice((data, synced))
        kept = self.random.randint(len(synced), len(data))
        zeros = self.random.choice((0, 0, len(data) - kept))
        return data[:kept] + bytes(zeros)


@dataclass(eq=False)
class _Opened:
    node: Node
    writable: bool


class MemoryDisk:
    """A process's view of a :class:`Platter`; see :class:`logcapy.deliver.spool.disk.Disk`."""

    def __init__(self, platter: Platter) -> None:
        self.platter = platter
        self._open: dict[int, _Opened] = {}
        self._next = 3

    # Folders

    def make_folder(self, path: str, within: int | None = None) -> None:
        self._check("make_folder")
        parent, name = self._place(path, within)
        if name in parent.names:
            raise OSError(errno.EEXIST, "exists", path)
        parent.names[name] = self.platter.new_node(stat.S_IFDIR | 0o700)

    def open_folder(self, path: str, within: int | None = None) -> int:
        self._check("open_folder")
        node = self._node(path, within)
        if not node.is_folder:
            raise OSError(errno.ENOTDIR, "no folder", path)
        return self._opened(node, writable=False)

    def remove_folder(self, name: str, within: int) -> None:
        self._check("remove_folder")
        parent, node = self._open[within].node, self._node(name, within)
        if node.names:
            raise OSError(errno.ENOTEMPTY, "not empty", name)
        del parent.names[name]

    def names(self, folder: int) -> list[str]:
        self._check("names")
        return list(self._open[folder].node.names)

    def status(self, path: str, within: int | None = None) -> Status:
        return _status(self._node(path, within))

    def status_of(self, descriptor: int) -> Status:
        return _status(self._open[descriptor].node)

    def restrict(self, folder: int) -> None:
        self._open[folder].node.mode = stat.S_IFDIR | 0o700

    # Files

    def create(self, name: str, within: int) -> int:
        self._check("create")
        parent, name = self._place(name, within)
        if name in parent.names:
            raise FileExistsError(errno.EEXIST, "exists", name)
        if self.platter.used() >= self.platter.capacity:
            raise OSError(errno.ENOSPC, "full", name)
        node = parent.names[name] = self.platter.new_node(stat.S_IFREG | 0o600)
        return self._opened(node, writable=True)

    def open(self, name: str, within: int) -> int:
        self._check("open")
        return self._opened(self._node(name, within), writable=False)

    def open_lock(self, name: str, within: int) -> int:
        self._check("open_lock")
        parent, name = self._place(name, within)
        if name not in parent.names:
            parent.names[name] = self.platter.new_node(stat.S_IFREG | 0o600)
        return self._opened(parent.names[name], writable=True)

    def lock(self, descriptor: int) -> bool:
        node = self._open[descriptor].node
        if node.locked_by is not None:
            return False
        node.locked_by = (self, descriptor)
        return True

    def write(self, descriptor: int, data: bytes) -> int:
        self._check("write")
        opened = self._open[descriptor]
        assert opened.writable
        room = self.platter.capacity - self.platter.used()
        if room <= 0:
            raise OSError(errno.ENOSPC, "full")
        size = int(min(len(data), room, self.platter.write_bytes))
        opened.node.data += data[:size]
        return size

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        assert size >= 0
        self._check("read")
        return bytes(self._open[descriptor].node.data[offset : offset + size])

    def truncate(self, descriptor: int, size: int) -> None:
        self._check("truncate")
        del self._open[descriptor].node.data[size:]

    def sync(self, descriptor: int) -> None:
        self._check("sync")
        node = self._open[descriptor].node
        node.synced_data, node.synced_names = bytes(node.data), dict(node.names)

    def rename(self, old: str, new: str, within: int) -> None:
        self._check("rename")
        names = self._open[within].node.names
        names[new] = names.pop(old)

    def unlink(self, name: str, within: int) -> None:
        self._check("unlink")
        self._node(name, within)
        del self._open[within].node.names[name]

    def close(self, descriptor: int) -> None:
        opened = self._open.pop(descriptor, None)
        if opened is not None and opened.node.locked_by == (self, descriptor):
            opened.node.locked_by = None

    def close_all(self) -> None:
        for descriptor in list(self._open):
            self.close(descriptor)

    @property
    def open_descriptors(self) -> int:
        return len(self._open)

    # How

    def _check(self, call: str) -> None:
        number, times = self.platter.failures.get(call, (0, 0))
        if times > 0:
            self.platter.failures[call] = (number, times - 1)
            self.platter.failed[call] += 1
            raise OSError(number, os.strerror(number))

    def _opened(self, node: Node, *, writable: bool) -> int:
        self._next += 1
        self._open[self._next] = _Opened(node, writable)
        return self._next

    def _place(self, path: str, within: int | None) -> tuple[Node, str]:
        parent = self.platter.root if within is None else self._open[within].node
        *folders, name = path.strip("/").split("/")
        for each in folders:
            if each not in parent.names:
                raise FileNotFoundError(errno.ENOENT, "no such folder", path)
            parent = parent.names[each]
        return parent, name

    def _node(self, path: str, within: int | None) -> Node:
        parent, name = self._place(path, within)
        if not name:
            return parent
        if name not in parent.names:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return parent.names[name]


def _status(node: Node) -> Status:
    return Status(node.mode, os.geteuid(), (1, node.number), len(node.data))
