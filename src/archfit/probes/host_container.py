"""Whether this process is in a container, and under seccomp.

Sources: Docker and Podman create /.dockerenv and /run/.containerenv in a container's
root; systemd's CONTAINER_INTERFACE (the variable `container`, /run/systemd/container);
Kubernetes gives every pod KUBERNETES_SERVICE_HOST; cgroup paths name the runtime under
cgroup v1 (cgroups(7)). A file stays when a container's root is booted as a machine, so
it counts only if this process is in other namespaces than the first, whose numbers are
fixed (Linux include/uapi/linux/nsfs.h, enum init_ns_ino). seccomp: proc(5), Seccomp and
Seccomp_filters of /proc/self/status.
"""

from __future__ import annotations

from archfit.facts.host import CONTAINER, OS, SECCOMP, SECCOMP_FILTERS
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe

_FILES = (
    ("/run/.containerenv", "podman"),
    ("/.dockerenv", "docker"),
    ("/.singularity.d", "singularity"),
)
_CGROUP = (
    ("kubepods", "kubernetes"),
    ("/docker", "docker"),
    ("libpod", "podman"),
    ("/lxc", "lxc"),
    ("containerd", "containerd"),
)
#: Numbers of the first namespaces, which every kernel gives them.
_FIRST = {"pid": "4026531836", "uts": "4026531838", "ipc": "4026531839"}

_SECCOMP = {"0": "disabled", "1": "strict", "2": "filter"}


def run(door: Door, facts: dict[str, Fact]) -> None:
    """`none` says that no known sign of a container was found."""
    if OS.of(facts) == "darwin":
        facts[CONTAINER.name] = Fact("none", Trust.OBSERVED, "macOS has no containers of its own")
        return
    facts[CONTAINER.name] = _container(door)
    _seccomp(door, facts)


def _container(door: Door) -> Fact:
    if door.env.get("KUBERNETES_SERVICE_HOST"):
        return Fact("kubernetes", Trust.DECLARED, "KUBERNETES_SERVICE_HOST")
    if all(f":[{ino}]" in door.realpath(f"/proc/self/ns/{ns}") for ns, ino in _FIRST.items()):
        return Fact("none", Trust.OBSERVED, "this process is in the first namespaces")
    for path, name in _FILES:
        if door.exists(path):
            return Fact(name, Trust.OBSERVED, path)
    for source, word in (
        ("/run/systemd/container", _text(door, "/run/systemd/container")),
        ("the variable `container`", door.env.get("container", "")),
    ):
        if word.strip():
            return Fact(word.strip()[:32], Trust.DECLARED, source)
    cgroup = _text(door, "/proc/self/cgroup")
    for part, name in _CGROUP:
        if part in cgroup:
            return Fact(name, Trust.OBSERVED, "/proc/self/cgroup")
    return Fact("none", Trust.OBSERVED, "no sign of one")


def _seccomp(door: Door, facts: dict[str, Fact]) -> None:
    source = "/proc/self/status"
    for line in door.read(source, 1 << 14).decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name == "Seccomp" and value.strip() in _SECCOMP:
            facts[SECCOMP.name] = Fact(_SECCOMP[value.strip()], Trust.OBSERVED, source)
        elif name == "Seccomp_filters" and value.strip().isdigit():
            facts[SECCOMP_FILTERS.name] = Fact(int(value), Trust.OBSERVED, source)
    if SECCOMP.name not in facts:
        raise Unavailable("seccomp: /proc/self/status does not speak of it")


def _text(door: Door, path: str) -> str:
    try:
        return door.read(path, 1 << 14).decode("utf-8", "replace")
    except Unavailable:
        return ""


PROBE = HostProbe(
    name="host_container",
    gives=(CONTAINER, SECCOMP, SECCOMP_FILTERS),
    run=run,
    after=("host_machine",),
)
