"""Envoy does not know what its configuration names

What is wrong
-------------
The proxy refuses what the control plane (or a file) gave it: `Didn't find a registered
implementation for name: 'istio_authn'`, `could not find @type
'type.googleapis.com/envoy.config.filter.http.lua.v2.Lua'`, `no such field`. The listener is
rejected, and the pod stays at 1/2 ready or runs with what it had before.

Why it happens
--------------
An EnvoyFilter patches the configuration that one release of Istio generates for one release of
Envoy; it has no version of its own. Between releases filters are renamed (envoy.lua ->
envoy.filters.http.lua), v2 types went away (Envoy 1.18), `config` became `typed_config`, names
without a type are no longer enough (1.22 and later), filters leave the build (mixer,
istio_authn, contrib ones), and WebAssembly or shared-object extensions have an ABI.

Remedy
------
Bring proxies and control plane to the same release, then rewrite the filter for it, or replace
it by the API that Istio has for the purpose (Telemetry, WasmPlugin, RequestAuthentication).

References
----------
- Envoy source/common/config/utility.h (getAndCheckFactory), source/common/protobuf/utility.cc
- Envoy version history, 1.18.0 (v2 removed); Istio reference, EnvoyFilter; istio
  pkg/config/validation (Envoy filter: ...)

Limits
------
What is refused for its values (a port in use, a script's error, certificates) is another cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_ABSENT = "this Envoy has no extension {name}: it was renamed, removed or not compiled in"
_TYPE = "this Envoy does not know the type {name}"
_FIELD = "this Envoy's {name} has no field {field}"
_REFUSED = "Istio refuses the EnvoyFilter: it is written for another release"
_Q = r"[\\\"'`]{1,4}"
TEXTS = (
    Text(
        "find a registered implementation for",
        _ABSENT,
        "Envoy source/common/config/utility.h (Didn't find a registered implementation for "
        "name: 'X'; 'X' with type URL: 'Y')",
        rf"(?:name: )?{_Q}(?P<name>[\w./-]{{0,120}}){_Q}|registered implementation for",
        0.95,
    ),
    Text(
        "could not find @type",
        _TYPE,
        "protobuf json (Unable to parse JSON as proto)",
        r"could not find @type '?(?:type\.googleapis\.com/)?(?P<name>[\w./-]{1,200})",
        0.95,
    ),
    Text(
        "unknown message type",
        _TYPE,
        "golang/protobuf jsonpb in istiod's webhook (Envoy filter: unknown message type X)",
        r"unknown message type [\\\"']{1,4}(?P<name>(?:envoy|udpa|xds|istio)[\w.]{1,200})",
        0.93,
    ),
    Text(
        "unknown type",
        _TYPE,
        "protobuf util/type_resolver and Envoy (Invalid type URL, unknown type: X)",
        r"Invalid type URL, unknown type: (?:type\.googleapis\.com/)?(?P<name>[\w./-]{1,200})",
        0.95,
    ),
    Text(
        "field",
        _FIELD,
        "protobuf json since 22, with its random spaces",
        r"message\s{1,4}(?P<name>(?:envoy|istio|udpa|xds)[\w.]{1,160}),[^\n]{0,200}?"
        r"no\s{1,4}such\s{1,4}field:\s{1,4}'(?P<field>[\w.]{1,80})'",
        0.9,
    ),
    Text(
        "Cannot find field",
        _FIELD,
        "protobuf json before 22 (INVALID_ARGUMENT:(x) y: Cannot find field.)",
        r"type (?P<name>envoy[\w.]{1,160}) reason INVALID_ARGUMENT:[^\n]{0,300}?"
        r"(?P<field>\w{1,80}): Cannot find field",
        0.9,
    ),
    Text(
        "Cannot find field",
        "the control plane sends the proxy a field that its release does not know",
        "protobuf json before 22, for Istio's own messages (x: Cannot find field.)",
        r"Unable to parse JSON as proto \(INVALID_ARGUMENT:(?:\([\w.\[\]]{0,80}\) ?)?"
        r"(?P<field>\w{0,80}): Cannot find field",
        0.86,
    ),
    Text(
        "has unknown fields",
        "this Envoy does not know fields of {name}",
        "Envoy source/common/protobuf/utility.h (Protobuf message (type X with unknown field set)",
        r"type (?P<name>(?:envoy|istio|udpa|xds)[\w.]{1,160})[^\n]{0,4000}has unknown fields",
        0.88,
    ),
    Text(
        "with unknown field set",
        "this Envoy does not know fields of {name}",
        "Envoy source/common/protobuf/message_validator_impl.cc",
        r"type (?P<name>[\w.]{1,160}) with unknown field set[^\n]{0,200}has unknown fields",
        0.9,
    ),
    Text(
        "Unable to unpack as",
        "the filter was given a configuration of another type than {name}",
        "Envoy source/common/protobuf/utility.h",
        r"Unable to unpack as (?P<name>[\w.]{1,160})",
        0.88,
    ),
    Text(
        "major version is deprecated",
        "this Envoy no longer takes the v2 configuration API",
        "Envoy 1.17 and 1.18 (The v2 xDS major version is deprecated and disabled by default)",
        r"v2 xDS major version is deprecated",
        0.95,
    ),
    Text(
        "Using deprecated option",
        "the configuration uses the option {name}, which this Envoy no longer takes",
        "Envoy source/common/protobuf/utility.cc (fatal by default after two releases)",
        r"(?:rejected|error initializing|ACK ERROR|critical)[^\n]{0,1000}"
        r"Using deprecated option '(?P<name>[\w.]{1,200})'",
        0.88,
    ),
    Text(
        "now-deprecated",
        "the configuration uses a value that this Envoy no longer takes",
        "Envoy source/common/protobuf/utility.cc (Using the default now-deprecated value)",
        r"(?:rejected|error initializing|ACK ERROR|critical)[^\n]{0,1000}"
        r"Using the default now-deprecated value",
        0.85,
    ),
    Text(
        "Proto constraint validation failed",
        "this Envoy's rules for {name} are not kept",
        "Envoy protoc-gen-validate (the field moved or is now required)",
        r"Proto constraint validation failed \((?P<name>\w{1,80}ValidationError)",
        0.72,
    ),
    Text(
        "mixer V2 client config",
        "the control plane is newer than the proxy: it sends what the proxy does not know",
        "istio/proxy src/envoy/mixer/config.cc (Failed to convert mixer V2 client config)",
        r"Failed to convert mixer V2 client config",
        0.9,
    ),
    Text(
        "Failed to load Wasm module due to a missing import",
        "the Wasm filter asks the proxy for {name}, which this release does not have",
        "proxy-wasm-cpp-host src/v8/v8.cc (link)",
        r"Failed to load Wasm module due to a missing import: (?P<name>[\w.]{1,80})",
        0.93,
    ),
    Text(
        "Proxy-Wasm ABI version",
        "the WebAssembly extension has an ABI that this Envoy does not take",
        "proxy-wasm-cpp-host src/wasm.cc (Missing or unknown Proxy-Wasm ABI version)",
        r"(?:[Mm]issing or unknown|[Uu]nsupported|unknown) Proxy-Wasm ABI version",
        0.92,
    ),
    Text(
        "Not supported field in StreamInfo",
        "this Envoy's access log does not know the operator {name}",
        "Envoy source/common/formatter/substitution_formatter.cc",
        r"Not supported field in StreamInfo: (?P<name>\w{1,80})",
        0.92,
    ),
    Text(
        "unknown field",
        _REFUSED,
        "istiod's reflector (unmarshalerDecoder: unknown field X in v1alpha3.EnvoyFilter)",
        r"unmarshalerDecoder: unknown field [\\\"']{1,4}(?P<name>[\w.]{1,80})",
        0.85,
    ),
    Text(
        "must be the last filter",
        "a filter is put behind the router, which must be the last one",
        "Envoy source/common/config/utility.h (terminal filter named X must be the last filter)",
        r"terminal filter named (?P<name>[\w.]{1,80})",
        0.5,
    ),
    Text(
        "in v1alpha3.EnvoyFilter",
        _REFUSED,
        "istioctl validate (cannot parse proto message: unknown field X in ...)",
        r"unknown field [\\\"']{0,4}(?P<name>[\w.]{1,80})[\\\"']{0,4} in "
        r"(?:networking\.istio\.io/)?v1alpha3\.EnvoyFilter",
        0.95,
    ),
    Text(
        "ValidationError",
        _REFUSED,
        "kubectl (ValidationError(EnvoyFilter.spec): unknown field X in ...)",
        r"ValidationError\(EnvoyFilter[\w.\[\]]{0,80}\): [^\n]{0,20}field "
        r"[\\\"']{0,4}(?P<name>[\w.]{1,80})",
        0.93,
    ),
    Text(
        "EnvoyFilter in version",
        _REFUSED,
        "kubectl (EnvoyFilter in version X cannot be handled as a EnvoyFilter: strict decoding)",
        r"EnvoyFilter in version [^\n]{1,80} cannot be handled as an? EnvoyFilter",
        0.9,
    ),
    Text(
        "configuration is invalid",
        _REFUSED,
        "istiod's webhook validation.istio.io (Envoy filter: ...)",
        r"configuration is invalid: (?:\d{1,3} errors? occurred:\s{0,10}\*?\s{0,10})?"
        r"[Ee]nvoy ?filter:",
        0.9,
    ),
    Text(
        "Envoy filter",
        _REFUSED,
        "istio pkg/config/validation",
        r"denied the request:[^\n]{0,200}[Ee]nvoy ?[Ff]ilter: ",
        0.9,
    ),
    Text(
        "must validate one and only one schema",
        _REFUSED,
        "kubectl with Istio's CRDs of 1.5 (oneOf in spec.configPatches)",
        r"spec\.configPatches[\w.]{0,40}[\\\"']{0,3} must validate one and only one schema",
        0.9,
    ),
    Text(
        "Plugin configured to fail closed",
        "the Wasm filter does not load in this Envoy",
        "Envoy source/extensions/common/wasm/wasm.cc",
        r"Plugin configured to fail closed[^\n]{0,20} failed to load",
        0.7,
    ),
    *(
        Text(
            needle,
            "the EnvoyFilter uses {name}, a form that later releases of Istio do not have",
            "Istio reference, EnvoyFilter of 1.3 and older; Envoy's filter names before 1.14",
            rf"^\s{{0,40}}-?\s{{0,8}}(?:(?:name|filterName): [\"']?)?(?P<name>{needle})\b",
            0.4,
        )
        for needle in (
            "workloadLabels",
            "filterConfig",
            "filterName",
            "envoy.lua",
            "envoy.router",
            "envoy.ext_authz",
            "envoy.http_connection_manager",
            "mixer",
        )
    ),
    Text(
        "no matches for kind",
        "this cluster's Istio does not serve that version of EnvoyFilter",
        "kubectl and Helm (no matches for kind EnvoyFilter in version ...)",
        r"no matches for kind [\\\"']{1,4}(?:EnvoyFilter|WasmPlugin)",
        0.75,
    ),
    Text(
        "ABI version mismatch",
        "the dynamic module was built for another Envoy",
        "Envoy source/extensions/dynamic_modules",
        r"[Mm]odule[^\n]{0,200}ABI version mismatch|ABI version mismatch: got",
        0.85,
    ),
    Text(
        "rejected",
        "Envoy refuses the configuration that the control plane sends",
        "Envoy source/extensions/config_subscription (gRPC config for X rejected)",
        r"gRPC config for type\.googleapis\.com/envoy[\w.]{1,100} (?:update )?rejected",
        0.5,
    ),
    Text(
        "ACK ERROR",
        "Envoy refuses the configuration that the control plane sends",
        "istiod pilot/pkg/xds (ADS:LDS: ACK ERROR)",
        r"ADS:\w{1,5}: ACK ERROR",
        0.5,
    ),
)
#: Refused for a value, whatever the release.
_VALUES = (
    "Address already in use",
    "Permission denied",
    "script load error",
    "Invalid path: ",
    "Failed to load certificate",
    "Failed to load private key",
    "Failed to load trusted CA",
    "duplicate listener",
    "Only unique values for domains are permitted",
    "error adding listener named",
    "unknown cluster",
)
#: Somebody says that a filter does nothing, or that it once did.
_FAILING = ("not working", "stop", "upgrad", "not work", "not applied", "no effect", "ignored")
_MESH = ("istio", "Istio", "EnvoyFilter", "envoyfilter", "pilot")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A refusal whose reason is a name or type decides; one without a reason counts in a mesh
    while a filter or an upgrade is spoken of."""
    best = surest([hit for hit in hits if hit.text.confidence > 0.5] or hits)
    confidence = best.text.confidence
    if confidence == 0.4:
        if not log.has("kind: EnvoyFilter") or not log.says(*_FAILING):
            return
        confidence = 0.75
    elif best.text.confidence == 0.5:
        if log.has(*_VALUES) or not log.says("EnvoyFilter", "envoyfilter", "upgrad"):
            return
        confidence = 0.6
    elif not log.says("nvoy", *_MESH, "type.googleapis.com"):
        return
    name = best.group("name", "of that name")
    message = best.text.says.format(name=name, field=best.group("field", "of that name"))
    yield said(best, hits, message=message, remedies=_mend(best, log, name), confidence=confidence)


def _mend(hit: Hit, log: Log, name: str) -> Iterator[Remedy]:
    short = name.rpartition(".")[2]
    if log.says(*_MESH):
        yield Remedy(
            "Compare the releases of the control plane and of the proxies; restart pods that "
            "still run an older proxy",
            "istioctl version; istioctl proxy-status; kubectl rollout restart deployment NAME",
            verify="istioctl proxy-status",
        )
        yield Remedy(
            f"Find the EnvoyFilter that brings {name} and rewrite it for this release "
            "(current filter name, typed_config with a v3 @type), or delete it",
            f"kubectl get envoyfilters -A -o yaml | grep -n -B20 '{short}'",
            verify="istioctl analyze -A",
        )
    else:
        yield Remedy(
            f"Write the configuration of {name} for this release: typed_config with a v3 @type",
            "envoy --version",
            verify="envoy --mode validate -c envoy.yaml",
        )
    if "golang" in name or "contrib" in hit.line or "squash" in name:
        yield Remedy(
            "Contrib extensions stand in the contrib image only",
            "docker pull envoyproxy/envoy:contrib-v1.36-latest",
            verify="envoy --version",
        )


RULE = Rule("ship.envoy-istio", texts=TEXTS, weigh=weigh)
