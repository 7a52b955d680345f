"""What is known of where a process runs: its container, its pod, the revision of its source."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from logcapy.resources import ContainerDetector, KubernetesDetector, VcsDetector

ID = "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cgroup", f"5:memory:/docker/{ID}"),
        ("cgroup", f"1:name=systemd:/kubepods/burstable/pod2dc1/cri-containerd-{ID}.scope"),
        ("mountinfo", f"1 2 254:1 /docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/vda1 rw"),
        (
            "mountinfo",
            f"3 4 0:25 /var/lib/containers/storage/overlay-containers/{ID}/userdata /run rw - tmpfs tmpfs rw",
        ),
    ],
)
def test_the_container_is_told_by_the_cgroup_or_by_what_is_mounted(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / "cgroup").write_text("0::/\n")
    (tmp_path / file).write_text(f"0::/\n{line}\n")
    found = ContainerDetector(proc=tmp_path).detect().attributes
    assert found.get("container.id") == ID


def test_outside_a_container_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("0::/user.slice/user-1000.slice/session-2.scope\n")
    (tmp_path / "mountinfo").write_text(f"1 2 0:1 / / rw - overlay overlay rw,upperdir=/containers/overlay/{ID}/diff\n")
    assert not ContainerDetector(proc=tmp_path).detect().attributes
    assert not ContainerDetector(proc=tmp_path / "missing").detect().attributes


def test_the_pod_is_told_by_variables_the_downward_api_and_the_service_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = KubernetesDetector(podinfo=tmp_path / "podinfo", service_account=tmp_path / "account")
    assert not detector.detect().attributes
    for name, value in {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "shop-7f", "NODE_NAME": "n1"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "account").mkdir()
    (tmp_path / "account/namespace").write_text("shops")
    (tmp_path / "podinfo").mkdir()
    (tmp_path / "podinfo/uid").write_text("u-1\n")
    assert dict(detector.detect().attributes) == {
        "k8s.pod.name": "shop-7f",
        "k8s.pod.uid": "u-1",
        "k8s.namespace.name": "shops",
        "k8s.node.name": "n1",
    }
    monkeypatch.setenv("K8S_POD_NAME", "shop-of-variable")
    (tmp_path / "podinfo/namespace").write_text("told")
    found = detector.detect().attributes
    assert (found["k8s.pod.name"], found["k8s.namespace.name"]) == ("shop-of-variable", "told")


def test_the_revision_is_read_from_a_checkout_packed_or_not_and_from_a_worktree(tmp_path: Path) -> None:
    def git(*arguments: str, folder: Path = tmp_path) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    assert "vcs.ref.head.revision" not in VcsDetector(folder=tmp_path).detect().attributes
    git("commit", "-q", "--allow-empty", "-m", "x")
    wanted = {"vcs.ref.head.name": "main", "vcs.ref.head.revision": git("rev-parse", "HEAD")}
    (tmp_path / "deep/er").mkdir(parents=True)
    assert VcsDetector(folder=tmp_path / "deep/er").detect().attributes == wanted
    git("pack-refs", "--all")
    assert VcsDetector(folder=tmp_path).detect().attributes == wanted
    git("worktree", "add", "-q", "-b", "side", "other")
    assert VcsDetector(folder=tmp_path / "other").detect().attributes == {**wanted, "vcs.ref.head.name": "side"}
    git("checkout", "-q", "--detach")
    revision = {"vcs.ref.head.revision": wanted["vcs.ref.head.revision"]}
    assert VcsDetector(folder=tmp_path).detect().attributes == revision
