"""Telemetry is attributed to the wrong pod

What is wrong
-------------
Spans, metrics or logs carry the name of a pod that did not send them, or of none: the collector
finds the pod by the address that the data came from, and that address is not, or no longer,
the sender's own.

Why it happens
--------------
A pod's address is given to the next pod while the collector still keeps the old entry (and when
that entry is dropped after its grace period, the new one goes with it); pods with hostNetwork
share the node's address; the CNI, a load balancer, a mesh or another collector between both
rewrites the peer's address; a host.name that is no address is taken for one.

Remedy
------
Associate by what can't be shared: k8s.pod.uid (set through the downward API) before
k8s.pod.ip, and the connection's address last; run a collector on each node, without NAT.

References
----------
- OpenTelemetry Collector contrib, processor/k8sattributesprocessor (README: pod_association;
  internal/kube/client.go: deleteLoop, ignoring hostNetwork)
- Fluent Bit kubernetes filter (Use_Pod_Association, Kube_Meta_Cache_TTL); Kubernetes, downward
  API

Limits
------
Tools print little of it; most is told from names and addresses in the text that disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_WRONG = "telemetry carries the name of a pod that did not send it"
_NONE = "the collector finds no pod for the address that the telemetry came from"
_ADDRESS = "pods are told apart by an address that is not theirs alone"
#: Something that telemetry carries, and that it is not the sender's.
_STRONG = (
    r"(?i)(?:wrong|incorrect(?:ly)?|stale|unrelated|mixed|mismatched) (?:resource |k8s\.|k8s "
    r"|kubernetes |pod |new )?(?:pods?|container|workload|deployment|metadata|labels"
    r"|attribut\w{1,8}|statefulset)\b|(?:pod|metadata|attribut\w{1,8}|labels)[^\n]{0,60}"
    r"(?:is|are|was|were|being) (?:wrong|incorrect|stale|mixed|swapped)"
    r"|(?:attributed|assigned|associated|tagged) (?:incorrectly|to another|to the wrong)"
    r"|no longer (?:have|has|carry)[^\n]{0,40}(?:k8s|attribut)"
    r"|(?:reports?|shows?|counts?) (?:the )?(?:wrong|incorrect) (?:traffic|network|metrics|bytes)"
    r"|metadata (?:information )?(?:of|about|from) (?:one of the|another|some other)"
)
_CARRIED = r"(?:k8s[._]pod|pod_name|metadata|label|attribut|carr(?:y|ies)|tagged|named? |names? )"
_OLD = (
    r"(?:another|different|old|previous|deleted|terminated|dead) (?:k8s |new )?(?:pods?|workload)\b"
)
TEXTS = (
    *(
        Text(
            needle,
            _WRONG,
            "field reports of OpenTelemetry, Prometheus and others",
            rf"(?i){_CARRIED}[^\n]{{0,100}}{_OLD}|{_OLD}[^\n]{{0,100}}{_CARRIED}",
            0.5,
        )
        for needle in ("another", "different", "old", "previous", "deleted", "terminated", "dead")
    ),
    *(
        Text(
            needle,
            _WRONG,
            "field reports of OpenTelemetry, Fluent Bit, Datadog and others",
            _STRONG,
            0.5,
        )
        for needle in (
            *("wrong", "incorrect", "incorrectly", "Wrong", "Incorrect", "stale", "unrelated"),
            *("mixed", "swapped", "mismatched", "attributed", "associated", "metadata"),
            *("no longer have", "no longer has", "no longer carry"),
        )
    ),
    *(
        Text(
            needle,
            _NONE,
            "k8sattributesprocessor processor.go and internal/kube (debug log)",
            confidence=0.6,
        )
        for needle in (
            "unable to find pod based on identifier",
            "evaluating pod identifier",
            "could not find pod",
            "pod not found in cache",
            "getting the pod",
            "Unable to build K8s resource attributes",
            "error detecting resource: getting pod metadata",
        )
    ),
    *(
        Text(needle, _ADDRESS, "Kubernetes and collectors' configuration", confidence=0.4)
        for needle in (
            *("k8s.pod.ip", "hostNetwork", "host network", "pod_association", "podIP", "pod IP"),
            *("same IP", "old IP", "address is shared", "podIPs", "recycling", "reuses", "reuse"),
            *(
                "HostNetwork",
                "Pod IP",
                "pod ip",
                "IP reuse",
                "reused",
                "recycled",
                "SNAT",
                "masquerade",
                "NAT",
            ),
            *(
                "net.sock.peer.addr",
                "net.peer.ip",
                "host.name",
                "from: connection",
                'From":"connection',
            ),
        )
    ),
    *(
        Text(needle, _WRONG, "OpenTelemetry semantic conventions (resource)", confidence=0.3)
        for needle in ("k8s.pod.name", "kubernetes.pod_name", "pod_name", "k8s_pod_name")
    ),
)
_TELEMETRY = (
    "k8sattributes",
    "k8s_attributes",
    "k8s.pod.",
    "k8s_pod",
    "otel",
    "OpenTelemetry",
    "opentelemetry",
    "fluent-bit",
    "Fluent Bit",
    "ddtrace",
    "datadog",
    "Datadog",
    "jaeger",
    "telemetry",
    "span",
    "Resource attributes",
    "Alloy",
    "beyla",
    "Beyla",
    "Prometheus",
    "prometheus",
    "fluentd",
    "vector",
    "metrics",
    "traces",
    "tracing",
    "resource attributes",
    "gadget",
)
#: `k8s.pod.name: Str(web-1)`, `k8s_pod_name="web-1"`, `"k8s.pod.name": "web-1"`.
_TOLD = r"{}[\"']?\s{{0,4}}[:=]\s{{0,4}}(?:Str\()?[\"']?(?P<value>[\w.:-]{{1,253}})"
_ROW = (
    r"^(?:\S{1,63}\s{1,40})?(?P<name>[a-z0-9][a-z0-9.-]{1,200})\s{1,80}\d{1,3}/\d{1,3}\s{1,40}"
    r"\S{1,40}\s{1,40}\d[^\n]{0,60}?\s(?P<ip>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\s"
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """What disagrees decides: names for an address, or words about a wrong pod and its address."""
    if not log.says(*_TELEMETRY):
        return
    clash = _clash(log)
    wrong = [hit for hit in hits if hit.text.says == _WRONG and hit.text.confidence == 0.5]
    absent = [hit for hit in hits if hit.text.says == _NONE]
    address = [hit for hit in hits if hit.text.says == _ADDRESS]
    if clash:
        own = [hit for hit in hits if hit.text.confidence <= 0.4] or list(hits)
        yield said(own[0], hits, message=clash, remedies=_mend(log), confidence=0.9)
    elif wrong and address:
        yield said(surest(wrong), hits, remedies=_mend(log), confidence=0.88)
    elif log.has(*_FORBIDDEN):
        return
    elif absent and address:
        yield said(surest(absent), hits, remedies=_mend(log), confidence=0.75)
    elif _nameless(log):
        yield said(address[0], hits, message=_NONE, remedies=_mend(log), confidence=0.6)
    elif wrong and log.says("k8sattributes", "k8s.pod.name", "k8s_pod_name", "pod_name"):
        yield said(surest(wrong), hits, remedies=_mend(log), confidence=0.7)


#: The collector may not look pods up, which is another cause.
_FORBIDDEN = ("is forbidden", "cannot list", "Unauthorized")


def _clash(log: Log) -> str:
    """Telemetry's pod name for an address that belongs to another pod, in words."""
    owners: dict[str, set[str]] = {}
    for row in re.finditer(_ROW, log.text, re.MULTILINE):
        owners.setdefault(row["ip"], set()).add(row["name"])
    name, ip = None, None
    for line in log.lines.values():
        name = _told(r"(?:k8s[._]pod[._]name|kubernetes\.pod\.name)", line) or name
        ip = _told(r"(?:k8s[._]pod[._]ip|net\.sock\.peer\.addr|net\.peer\.ip)", line) or ip
        if name and ip:
            owner = owners.get(ip, set())
            if owner and name not in owner:
                return f"telemetry from {ip} is named {name}, but that is {sorted(owner)[0]}"
            name, ip = None, None
    return ""


def _nameless(log: Log) -> bool:
    """The collector knows an address, and no pod for it."""
    return log.has("k8s.pod.ip: Str(") and not log.has("k8s.pod.name: Str(")


def _told(key: str, line: str) -> str | None:
    found = re.search(_TOLD.format(key), line)
    return found["value"] if found else None


def _mend(log: Log) -> Iterator[Remedy]:
    yield Remedy(
        "Let each pod tell its own uid through the downward API",
        "env: [{name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}, "
        "{name: OTEL_RESOURCE_ATTRIBUTES, value: k8s.pod.uid=$(POD_UID)}]",
        verify="kubectl exec POD -- env | grep OTEL_RESOURCE_ATTRIBUTES",
    )
    yield Remedy(
        "Associate by k8s.pod.uid first and by the connection's address last",
        "pod_association: [{sources: [{from: resource_attribute, name: k8s.pod.uid}]}, "
        "{sources: [{from: connection}]}]",
        verify="kubectl get pods -A -o wide | grep ADDRESS",
    )
    if log.says("hostNetwork", "host network"):
        yield Remedy(
            "Pods with hostNetwork share the node's address: only their uid tells them apart"
        )
    if log.says("NAT", "masquerade", "gateway", "load balancer", "LoadBalancer"):
        yield Remedy(
            "Send to a collector on the same node, so that the peer's address is the pod's",
            "kubectl get daemonset -A | grep -i collector",
        )


RULE = Rule("ship.pod-ip-cache", texts=TEXTS, weigh=weigh)
