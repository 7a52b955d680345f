"""Resource detectors: the container, the Kubernetes pod and the source revision that a process runs from.

Host, operating system, process and ``service.instance.id`` are OpenTelemetry's own detectors. Chosen by
``OTEL_EXPERIMENTAL_RESOURCE_DETECTORS``: ``logcapy_container,logcapy_kubernetes,logcapy_vcs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from opentelemetry.sdk.resources import OTELResourceDetector, Resource, ResourceDetector
from opentelemetry.util.types import AttributeValue

from . import environment
from ._guard import describe_error, say
from ._later import compiled

_MOST_BYTES = 65536
#: Where a process's files tell the container's id: the path of its cgroup; a file that Docker or Podman mounts. The
#: layers of an image are mounted under names of the same kind.
_CONTAINER_IDS = (
    ("cgroup", r"([0-9a-f]{64})"),
    ("mountinfo", r"[/-]containers/([0-9a-f]{64})/"),
)
_REVISION = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"


class ContainerDetector(ResourceDetector):
    """``container.id``, as Linux tells it of the process's cgroup (v1) or of what is mounted (v2).

    Args:
        proc: Where the process's files are.
    """

    def __init__(self, raise_on_error: bool = False, *, proc: Path = Path("/proc/self")) -> None:
        super().__init__(raise_on_error)
        self._proc = proc

    def detect(self) -> Resource:
        """The container's id, if there is one."""
        for name, pattern in _CONTAINER_IDS:
            found = compiled(pattern).search(_read(self._proc / name))
            if found is not None:
                return Resource({"container.id": found[1]})
        return Resource({})


class KubernetesDetector(ResourceDetector):
    """``k8s.*`` of the pod, as its downward API and its service account tell it.

    Variables: ``K8S_POD_NAME``, ``K8S_POD_UID``, ``K8S_NAMESPACE_NAME``, ``K8S_NODE_NAME``, ``K8S_CONTAINER_NAME``, or
    ``POD_NAME``, ``POD_UID``, ``NAMESPACE``, ``NODE_NAME``. Files of a downward API volume: ``name``, ``uid``,
    ``namespace``. The host's name is the pod's where nothing else is said.

    Args:
        podinfo: Where the volume is mounted.
        service_account: Where Kubernetes mounts what a service account has.
    """

    def __init__(
        self,
        raise_on_error: bool = False,
        *,
        podinfo: Path = Path("/etc/podinfo"),
        service_account: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount"),
    ) -> None:
        super().__init__(raise_on_error)
        self._podinfo = podinfo
        self._service_account = service_account

    def detect(self) -> Resource:
        """What is known of the pod; nothing outside Kubernetes."""
        variables = environment.kubernetes_variables()
        if variables is None:
            return Resource({})
        found = {
            "k8s.pod.name": variables["pod.name"] or self._told("name") or variables["host.name"],
            "k8s.pod.uid": variables["pod.uid"] or self._told("uid"),
            "k8s.namespace.name": variables["namespace.name"]
            or self._told("namespace")
            or _read(self._service_account / "namespace").strip(),
            "k8s.node.name": variables["node.name"],
            "k8s.container.name": variables["container.name"],
        }
        return Resource({name: value for name, value in found.items() if value})

    def _told(self, name: str) -> str:
        return _read(self._podinfo / name).strip()


class VcsDetector(ResourceDetector):
    """``vcs.ref.head.revision`` and ``.name`` of the Git checkout that the process was started in.

    Git itself is not run.

    Args:
        folder: Where to begin to look; upwards from there. Default: the working directory.
    """

    def __init__(self, raise_on_error: bool = False, *, folder: Path | None = None) -> None:
        super().__init__(raise_on_error)
        self._folder = folder

    def detect(self) -> Resource:
        """The revision, if there is a checkout."""
        folder = self._folder or Path.cwd()
        for one in (folder, *folder.parents):
            git = one / ".git"
            if git.is_file():  # a worktree or a submodule
                git = one / _read(git).removeprefix("gitdir:").strip()
            if (git / "HEAD").is_file():
                return Resource(_head(git))
        return Resource({})


def default_attributes(host: ResourceDetector) -> dict[str, AttributeValue]:
    """What the detectors find that are used by default, but for what ``OTEL_RESOURCE_ATTRIBUTES`` says itself.

    The SDK looks each name up among all entry points there are, and asks each detector in a thread of its own: 3 ms.

    Args:
        host: The SDK's detector of the host.
    """
    found: dict[str, AttributeValue] = {}
    for detector in (host, ContainerDetector(), KubernetesDetector(), VcsDetector()):
        try:
            found.update(detector.detect().attributes)
        except Exception as error:  # noqa: BLE001 - the other detectors, and the application, go on
            name = type(detector).__name__
            say(f"resource:{name}", f"{name} found nothing: {describe_error(error)}")
    said = OTELResourceDetector().detect().attributes
    return {name: value for name, value in found.items() if name not in said}


def _head(git: Path) -> Mapping[str, str]:
    head = _read(git / "HEAD").strip()
    reference = head.removeprefix("ref: ")
    if reference == head:
        return {"vcs.ref.head.revision": head} if compiled(_REVISION).fullmatch(head) else {}
    common = git / (_read(git / "commondir").strip() or ".")
    revision = _read(git / reference).strip() or _read(common / reference).strip()
    for line in () if revision else _read(common / "packed-refs").splitlines():
        packed, _, name = line.partition(" ")
        if name == reference:
            revision = packed
    found = {"vcs.ref.head.name": reference.removeprefix("refs/heads/")}
    return {**found, "vcs.ref.head.revision": revision} if compiled(_REVISION).fullmatch(revision) else {}


def _read(path: Path) -> str:
    with suppress(OSError, ValueError), path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_MOST_BYTES)
    return ""
