"""The pod stands on a node of another architecture

What is wrong
-------------
A container's program is for one architecture and Kubernetes put the pod on a node of another:
it ends with `exec format error` and goes into CrashLoopBackOff. Or the pod names an
architecture that no node has and stays Pending.

Why it happens
--------------
The scheduler does not look at an image's platforms: without nodeSelector, affinity or a taint
any node will do. In clusters of mixed nodes (Graviton, Raspberry Pi, Apple Silicon with kind)
it goes well by chance. An image built on a laptop has the laptop's architecture.

Remedy
------
Build the image for the architectures of all nodes, or bind the pod to nodes of its own with
`nodeSelector: kubernetes.io/arch`.

References
----------
- Kubernetes, "Well-Known Labels" (kubernetes.io/arch), "Assigning Pods to Nodes"
- runc and containerd: exec format error; kubelet events (BackOff, FailedScheduling)
- Linux fs/exec.c, ENOEXEC

Limits
------
A script without a first line gives the same words: it is told by its name, and by the absence
of any word about architectures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest
from archfit.rules.start_failure import ENOEXEC, kind_of, named, translation_meant

_PENDING = "the pod asks for an architecture that no free node has"
_ARCH = r"(?:beta\.)?kubernetes\.io/arch"
_SCHEDULING = (
    Text(
        "kubernetes.io/arch",
        _PENDING,
        "kube-scheduler (had untolerated taint {kubernetes.io/arch: arm64}), GKE and EKS nodes",
        r"taints?[^\n]{0,40}\{?" + _ARCH + r"[:=]? ?(?P<isa>\w{0,10})",
        0.92,
    ),
    Text(
        "arch",
        _PENDING,
        "kube-scheduler with a taint of the cluster's own ({arch: arm64})",
        r"taints? \{arch[:=] ?(?P<isa>\w{1,10})",
        0.92,
    ),
    Text(
        "affinity/selector",
        _PENDING,
        "kube-scheduler NodeAffinity (node(s) didn't match Pod's node affinity/selector)",
        r"didn't match (?:Pod's )?node affinity(?:/selector)?",
        0.5,
    ),
    Text(
        "match node selector",
        _PENDING,
        "kube-scheduler before 1.20 (node(s) didn't match node selector)",
        r"didn't match node selector",
        0.5,
    ),
    Text(
        "MatchNodeSelector",
        _PENDING,
        "kube-scheduler before 1.12 (MatchNodeSelector (3))",
        r"MatchNodeSelector",
        0.5,
    ),
)
TEXTS = (*ENOEXEC, *_SCHEDULING)
#: A pod: what kubectl, the kubelet and its events print, and what is written of them.
_POD = (
    "CrashLoopBackOff",
    "Back-off restarting failed container",
    "RunContainerError",
    "kubectl ",
    "kubelet",
    "FailedCreatePodSandBox",
    "pod/",
    "kind: Pod",
    "kind: Deployment",
    "kind: DaemonSet",
    "nodeSelector",
    "kubernetes.io/",
    "default-scheduler",
    "Defaulted container",
    "Init:Error",
    "Init:CrashLoop",
    "in pod ",
    "Node-Selectors",
    "oc logs",
    "k9s",
)
_CLUSTER = ("k3s", "k8s", "ubernetes", "microk8s", "minikube", "EKS", "GKE", "AKS", "helm", "pod")
#: The architecture of a node or of the image is spoken of.
_NODES = (
    "kubernetes.io/arch",
    "nodeSelector",
    "Node-Selectors",
    "arm64",
    "aarch64",
    "amd64",
    "x86_64",
    "armv7",
    "raspberry",
    "Raspberry",
    "raspi",
    "raspbian",
    "raspios",
    "graviton",
    "Graviton",
    "t4g.",
    "m6g.",
    "m7g.",
    "c6g.",
    "c7g.",
    "r6g.",
    "t2a-",
    "c4a-",
    "A1.Flex",
    "ARCHITECTURE",
    "arch=",
    "multi-arch",
    "multiarch",
    "Apple Silicon",
    " M1",
    " M2",
    " M3",
    "Jetson",
    "ARM",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """ENOEXEC in a pod; or a scheduler that finds no node for an architecture."""
    starts = [
        hit for hit in hits if hit.text in ENOEXEC and not hit.line.lower().startswith("checking ")
    ]
    if starts:
        yield from _started(starts, hits, log)
        return
    hits = [hit for hit in hits if hit.text in _SCHEDULING]
    if not hits:
        return
    best = surest(hits)
    if best.text.confidence < 0.6:
        if not log.says("kubernetes.io/arch"):
            return
        yield said(best, hits, remedies=_mend(best, log), confidence=0.85)
    elif log.says("FailedScheduling", "nodes are available", "Pending", "untolerated", "tolerate"):
        yield said(best, hits, remedies=_mend(best, log))


def _started(starts: Sequence[Hit], hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    in_pod = log.has(*_POD)
    if not in_pod and not any(word in log.told for word in _CLUSTER):
        return
    nodes = log.says(*_NODES)
    path = named(starts)
    if kind_of(log, path) == "script" and not nodes:
        return
    meant = translation_meant(log)
    if meant and not log.has("CrashLoopBackOff", "kubectl "):
        return
    best = surest(starts)
    message = (
        f"{path or 'the container' + chr(39) + 's program'} is for another architecture than the "
        "node that the pod was put on"
    )
    confidence = 0.92 if nodes and in_pod else 0.85 if nodes else 0.8
    yield said(best, hits, message=message, remedies=_mend(best, log), confidence=confidence)


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    see = "kubectl get nodes -L kubernetes.io/arch; kubectl get pod NAME -o wide"
    if hit.text in ENOEXEC:
        yield Remedy(
            "Build the image for the architectures of all nodes",
            "docker buildx build --platform linux/amd64,linux/arm64 -t IMAGE --push .",
            verify="docker buildx imagetools inspect IMAGE",
        )
        yield Remedy(
            "Or bind the pod to nodes of the image's architecture",
            'kubectl patch deployment NAME -p \'{"spec":{"template":{"spec":{"nodeSelector":'
            '{"kubernetes.io/arch":"amd64"}}}}}\'',
            verify=see,
        )
    else:
        yield Remedy(
            "Ask for an architecture that the nodes have, or tolerate the taint of those nodes",
            "kubectl describe pod NAME | grep -A5 -E 'Node-Selectors|Tolerations'",
            verify=see,
        )
    if not log.has("kubernetes.io/arch", "ARCHITECTURE"):
        yield Remedy("See what the nodes and the image are", see, safe=True)


RULE = Rule("ship.admission-arch", texts=TEXTS, weigh=weigh)
