"""kubelet and the container runtime manage cgroups in different ways

What is wrong
-------------
The kubelet and the container runtime do not use the same cgroup driver (`kubelet cgroup
driver: "systemd" is different from docker cgroup driver: "cgroupfs"`), or the option that
selects it stands where this runtime does not take it (`systemd_cgroup only works for runtime
io.containerd.runtime.v1.linux`). Containers don't start, or the whole CRI plugin does not.

Why it happens
--------------
There are two drivers: `cgroupfs` writes the cgroup files itself and names cgroups by paths,
`systemd` asks systemd for slices and scopes. Docker's and containerd's defaults were cgroupfs,
kubeadm's is systemd since 1.22, and cgroup v2 wants systemd. In containerd's configuration the
CRI plugin's own `systemd_cgroup` belongs to the retired v1 shim; with `io.containerd.runc.v2`
it is `SystemdCgroup` under the runtime's `options`.

Remedy
------
Choose one driver (systemd where systemd is init), set it on both sides, restart both.

References
----------
- Kubernetes, "Configuring a cgroup driver"; pkg/kubelet/dockershim and kubeadm preflight
- containerd pkg/cri/config (ValidatePluginConfig); runc libcontainer/specconv
- CRI-O internal/config/cgmgr; containers/podman libpod; moby daemon/daemon_unix.go

Limits
------
A kubelet that is `unhealthy` has many causes; without a word about cgroup drivers nothing is
said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_DIFFER = "the kubelet's cgroup driver is {kubelet}, the container runtime's is {runtime}"
_PARENT = "the runtime uses one cgroup driver and was given a cgroup in the other's form"
_ADVICE = "Docker uses the cgroupfs driver where the kubelet is set up for systemd"
_Q = r"[\\\"'`]{0,4}"
TEXTS = (
    Text(
        "cgroup driver",
        _DIFFER,
        "kubelet cmd/kubelet, pkg/kubelet/dockershim/docker_service.go (misconfiguration)",
        rf"kubelet cgroup driver: {_Q}(?P<kubelet>\w{{1,20}}){_Q} is different from "
        rf"(?:docker|\w{{1,20}}) cgroup driver: {_Q}(?P<runtime>\w{{1,20}})",
        0.97,
    ),
    Text(
        "only works for runtime",
        "{key} of containerd's CRI plugin works with the retired v1 shim only, so the plugin "
        "was not loaded",
        "containerd pkg/cri/config/config.go (invalid plugin config)",
        rf"{_Q}(?P<key>systemd_cgroup|no_pivot|runtime_root|runtime_engine|SystemdCgroup){_Q} "
        r"only works for runtime",
        0.97,
    ),
    Text(
        "invalid runtime name",
        "containerd's runtime has no runtime_type (or a wrong one), so its shim has no name",
        "containerd runtime/v2/shim (invalid runtime name X, correct runtime name should ...)",
        r"invalid runtime name[^\n]{0,80}correct runtime name should",
        0.9,
    ),
    Text(
        "slice:prefix:name",
        _PARENT,
        "runc libcontainer/specconv/spec_linux.go and crun",
        r"(?:expected cgroupsPath to be of format|cgroupsPath[^\n]{1,80}) ?[\\\"'`]{0,4}"
        r"slice:prefix:name",
        0.96,
    ),
    Text(
        "cgroup manager",
        _PARENT,
        "CRI-O internal/config/cgmgr",
        r"cri-o configured with (?:systemd|cgroupfs) cgroup manager, but (?:did not receive slice"
        r"|received systemd slice) as parent",
        0.97,
    ),
    Text(
        "cgroup parent",
        _PARENT,
        "podman libpod/runtime_ctr_linux.go, runtime_pod_linux.go",
        r"(?:systemd slice received as cgroup parent when using cgroupfs"
        r"|did not receive systemd slice as cgroup parent when using systemd)",
        0.96,
    ),
    Text(
        "conmon cgroup should be",
        _PARENT,
        "CRI-O pkg/config (validating runtime config)",
        r"conmon cgroup should be",
        0.93,
    ),
    Text(
        "for systemd cgroup should be a valid slice",
        _PARENT,
        "moby daemon/daemon_unix.go (cgroup-parent for systemd cgroup ...)",
        confidence=0.96,
    ),
    Text(
        "cannot use systemd cgroups manager",
        "the runtime was told to use systemd's cgroups where systemd does not run",
        "runc libcontainer/cgroups/manager (systemd not running on this host)",
        confidence=0.95,
    ),
    Text(
        "in controller set",
        "the runtime was told to use systemd's cgroups, and this machine has none of them",
        "containerd/cgroups v1 (unable to find ... in controller set), as gVisor and runc print it",
        r"unable to find \\?\"(?:name=)?systemd\\?\" in controller set",
        0.9,
    ),
    Text(
        "SystemdCgroup",
        "the shim takes the runtime's options for something else: it does not know them",
        "shims that do not read runtimes.*.options (runc-shim of containerd's rust-extensions)",
        r"(?:cgroup file|write to a control group file|path)[^\n]{0,60}SystemdCgroup\s?=",
        0.88,
    ),
    Text(
        "systemd cgroup flag passed",
        "the runtime was told to use systemd's cgroups where systemd is not to be had",
        "runc utils_linux.go",
        r"systemd cgroup flag passed, but systemd support",
        0.94,
    ),
    Text(
        "Setting Cgroup Manager",
        "podman was to use systemd's cgroups, and there is no systemd session",
        "podman",
        r"Setting Cgroup Manager to cgroupfs",
        0.3,
    ),
    Text(
        "already exists",
        "the slice of the pods was made by the other cgroup driver",
        "kubelet pkg/kubelet/cm with systemd (Unit kubepods.slice already exists)",
        r"Unit kubepods[\w.-]{0,60} (?:already exists|was already loaded)",
        0.8,
    ),
    Text(
        "Invalid unit name",
        _PARENT,
        "systemd through runc libcontainer/cgroups/systemd",
        r"Invalid (?:unit|slice) name [\\\"'`]{0,4}/(?:kubepods|\w{1,40}\.slice)",
        0.94,
    ),
    Text(
        "Invalid slice name",
        _PARENT,
        "runc libcontainer/cgroups/systemd (ExpandSlice)",
        confidence=0.9,
        unless=("systemctl",),
    ),
    Text(
        "as the Docker cgroup driver",
        _ADVICE,
        "kubeadm preflight (IsDockerSystemdCheck)",
        r"detected [\\\"'`]{0,4}cgroupfs[\\\"'`]{0,4} as the Docker cgroup driver",
        0.6,
    ),
    Text(
        "extra-config=kubelet.cgroup-driver",
        "the kubelet did not come up, which minikube lays to its cgroup driver",
        "minikube pkg/minikube/reason (K8S_KUBELET_NOT_RUNNING)",
        r"try passing --extra-config=kubelet\.cgroup-driver",
        0.6,
    ),
    Text(
        "cgroupDriver",
        _DIFFER,
        "KubeletConfiguration",
        r"cgroupDriver\"?:\s{0,4}\"?(?P<kubelet>systemd|cgroupfs)",
        0.3,
    ),
    Text(
        "cgroup-driver",
        _DIFFER,
        "kubelet's flag",
        r"--cgroup-driver[= ]\"?(?P<kubelet>systemd|cgroupfs)",
        0.3,
        ("extra-config",),
    ),
    Text(
        "SystemdCgroup",
        _DIFFER,
        "containerd's config.toml and crictl info",
        r"SystemdCgroup\"?\s{0,4}[=:]\s{0,4}(?P<flag>true|false)",
        0.3,
    ),
    Text(
        "Cgroup Driver",
        _DIFFER,
        "docker info",
        r"Cgroup Driver:\s{1,4}(?P<runtime>systemd|cgroupfs)",
        0.3,
    ),
    Text(
        "native.cgroupdriver",
        _DIFFER,
        "dockerd's exec-opts",
        r"native\.cgroupdriver=(?P<runtime>systemd|cgroupfs)",
        0.3,
    ),
    Text(
        "cgroup_manager",
        _DIFFER,
        "CRI-O and podman configuration",
        r"cgroup_manager\"?\s{0,4}[=:]\s{0,4}\"?(?P<runtime>systemd|cgroupfs)",
        0.3,
    ),
)
#: A node or its pods do not work.
_FAILS = (
    "kubelet isn't running",
    "kubelet is not running",
    "kubelet is not healthy",
    "timed out waiting for the condition",
    "10248",
    "CrashLoopBackOff",
    "SandboxChanged",
    "NotReady",
    "Main process exited",
    "Failed to run kubelet",
    "failed to run Kubelet",
    "code=exited, status=",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A message decides; without one, settings of both sides that differ while it fails do."""
    best = surest(hits)
    if best.text.confidence >= 0.7 or (best.text.confidence == 0.6 and log.has(*_FAILS)):
        yield said(best, hits, remedies=_mend(best, log))
        return
    kubelet = {hit.group("kubelet") for hit in hits} - {""}
    runtime = {_driver(hit) for hit in hits} - {""}
    if len(kubelet) == len(runtime) == 1 and kubelet != runtime and not _changing(log):
        yield said(
            best,
            hits,
            message=_DIFFER.format(kubelet=kubelet.pop(), runtime=runtime.pop()),
            remedies=_mend(best, log),
            confidence=0.9 if log.has(*_FAILS) else 0.75,
        )


def _driver(hit: Hit) -> str:
    flag = hit.group("flag")
    return {"true": "systemd", "false": "cgroupfs"}.get(flag, hit.group("runtime"))


def _changing(log: Log) -> bool:
    """A command that replaces one setting by the other shows both."""
    return bool(re.search(r"sed [^\n]{0,80}cgroup", log.text, re.IGNORECASE))


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    if log.has("containerd", "SystemdCgroup", "systemd_cgroup"):
        yield Remedy(
            "Take systemd_cgroup out of the CRI plugin's section and set SystemdCgroup = true "
            "under the options of runtimes.runc (runtime_type io.containerd.runc.v2)",
            "sed -i 's/systemd_cgroup = true/systemd_cgroup = false/; "
            "s/SystemdCgroup = false/SystemdCgroup = true/' /etc/containerd/config.toml && "
            "systemctl restart containerd kubelet",
            verify="crictl info | grep -i systemdcgroup; ctr plugins ls | grep cri",
        )
    if log.has("docker", "Docker"):
        yield Remedy(
            'Let Docker use systemd: "exec-opts": ["native.cgroupdriver=systemd"] in '
            "/etc/docker/daemon.json",
            "systemctl restart docker kubelet",
            verify="docker info --format '{{.CgroupDriver}}'",
        )
    if log.has("cri-o", "crio"):
        yield Remedy(
            'Set cgroup_manager = "systemd" in /etc/crio/crio.conf.d',
            "systemctl restart crio kubelet",
            verify="crio status config | grep cgroup_manager",
        )
    yield Remedy(
        "Give the kubelet the same driver: cgroupDriver: systemd in its configuration",
        "kubectl -n kube-system edit configmap kubelet-config",
        verify="grep cgroupDriver /var/lib/kubelet/config.yaml",
    )


RULE = Rule("ship.cgroup-driver", texts=TEXTS, weigh=weigh)
