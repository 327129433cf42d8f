"""A secret stands in a chart's values in clear

What is wrong
-------------
A values file, `helm --set` or what `helm get values` prints holds a password, token or key as
it is; or a scanner (gitleaks, trufflehog, push protection, checkov, trivy) found one in such a
file.

Why it happens
--------------
Values are handed to templates as they are and kept: in the repository with its history, in
the release's Secret in the cluster (base64, not encrypted), in the logs of the pipeline.

Remedy
------
Change the secret at its issuer first: it must be taken as known. Then keep only a reference in
the values (existingSecret, External Secrets, Sealed Secrets, SOPS) and take it out of history.

References
----------
- Helm, "Values Files", helm get values; Kubernetes, "Good practices for Secrets"
- gitleaks report, trufflehog, GitHub push protection (GH013), detect-secrets, checkov
  CKV_SECRET, trivy secret scanning

Limits
------
Told by names and forms, not by trying them. A secret is never shown whole: its kind and last
four characters are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.formats.secrets import is_secret, kind_of, masked, pairs, shown
from archfit.model.finding import Evidence, Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text

_CLEAR = "a secret stands in the values in clear"
_FOUND = "a scanner found a secret"
#: Words that stand in the names of secrets, each as one run of letters (values are mostly
#: written in camel case).
_WORDS = (
    *("password", "Password", "PASSWORD", "passwd", "passphrase", "secret", "SECRET"),
    *("rootPassword", "adminPassword", "userPassword", "postgresPassword", "dbPassword"),
    *("postgresqlPassword", "mysqlPassword", "mysqlRootPassword", "mariadbPassword"),
    *("redisPassword", "replicationPassword", "databasePassword", "smtpPassword", "authPassword"),
    *("rabbitmqPassword", "mongodbRootPassword", "elasticPassword", "sudoPassword"),
    *("keystorePassword", "truststorePassword", "ldapPassword", "bindPassword", "mailPassword"),
    *("token", "Token", "TOKEN", "authToken", "accessToken", "apiToken", "botToken"),
    *("apiKey", "apikey", "api_key", "API_KEY", "appKey", "accessKey", "access_key"),
    *("secretKey", "secret_key", "SECRET_KEY", "secretAccessKey", "secret_access_key"),
    *("SECRET_ACCESS_KEY", "ACCESS_KEY_ID", "accessKeyId", "accessKeyID", "clientSecret"),
    *("clientsecret", "apisecret", "secretkey", "accesskey", "authtoken", "accesstoken"),
    *("client_secret", "CLIENT_SECRET", "jwtSecret", "JWT_SECRET", "cookieSecret", "appSecret"),
    *("sessionSecret", "webhookSecret", "sharedSecret", "privateKey", "private_key"),
    *("encryptionKey", "signingKey", "masterKey", "accountKey", "storageKey", "licenseKey"),
    *("connectionString", "databaseUrl", "DATABASE_URL", "dsn", "PRIVATE KEY", "ghp", "glpat"),
)
_SCANNERS = (
    Text(
        "RuleID",
        _FOUND,
        "gitleaks detect -v",
        r"RuleID:\s{1,12}(?P<kind>[\w-]{3,60})",
        0.9,
    ),
    Text("leaks found", _FOUND, "gitleaks", r"leaks found: [1-9]\d{0,5}", 0.9),
    Text("Push cannot contain secrets", _FOUND, "GitHub push protection (GH013)", "", 0.9),
    Text("GITHUB PUSH PROTECTION", _FOUND, "GitHub push protection", "", 0.9),
    Text("Potential secrets about to be committed", _FOUND, "detect-secrets-hook", "", 0.92),
    Text("CKV_SECRET", _FOUND, "checkov", r"CKV_SECRET_\d{1,3}", 0.9),
    Text("verified result", _FOUND, "trufflehog", r"Found (?:un)?verified result", 0.9),
    Text("Secret Type", _FOUND, "detect-secrets", r"Secret Type:\s{1,8}\S", 0.85),
    Text(
        "secrets",
        _FOUND,
        "trivy, ggshield (N secrets detected / incidents)",
        r"(?i)Total: [1-9]\d{0,4} \([^\n]{0,80}secret|[1-9]\d{0,3} (?:secrets?|incidents?) "
        r"(?:have been |has been |was |were )?(?:found|detected)|>> Secret detected",
        0.85,
    ),
    Text(
        "Secret detected",
        _FOUND,
        "ggshield",
        r"Secret detected",
        0.85,
    ),
    Text(
        "Passwords And Secrets",
        _FOUND,
        "KICS (Passwords And Secrets - Generic Password)",
        r"Passwords And Secrets - ",
        0.9,
    ),
)
_PROSE = tuple(
    Text(
        word,
        "a secret is written into the chart's values",
        "field reports",
        r"(?i)(?:hard-?coded|plain-?\s?text|clear-?\s?text|unencrypted|committed)[^\n]{0,80}"
        r"(?:passw|secret|credential|token|api.?key)|(?:passw|secret|credential|token|api.?key)"
        r"[^\n]{0,80}(?:hard-?coded|plain-?\s?text|clear-?\s?text|unencrypted|committed)",
        0.8,
    )
    for word in (
        *("hardcoded", "Hardcoded", "hard-coded", "Hard-coded", "plaintext", "Plaintext", "text"),
        *("cleartext", "unencrypted", "committed"),
    )
)
_IN_CONFIG_MAP = tuple(
    Text(
        word,
        "a secret is written into a ConfigMap, which nothing treats as one",
        "field reports",
        r"(?i)(?:stores?|stored|writes?|written|renders?|rendered|puts?|kept)\b[^\n]{0,80}(?:passw"
        r"|secret|credential|token|sensitive)[^\n]{0,80}\b(?:in|into|to) (?:the |a )?"
        r"config ?maps?\b|(?:passw\w{0,10}|secret|credential|token|sensitive)[^\n]{0,60}"
        r"(?:stored|written|rendered"
        r"|kept|put|exposed|ends? up|lands?)[^\n]{0,40}\b(?:in|into|to) (?:the |a )?"
        r"(?:config ?maps?\b|values\b)|(?:stored|kept|saved) [^\n]{0,30}as an? (?:input )?value "
        r"(?:for|of) the chart",
        0.78,
    )
    for word in ("ConfigMap", "ConfigMaps", "configmap", "configMap", "values", "value")
)
TEXTS = (
    *_SCANNERS,
    *_PROSE,
    *_IN_CONFIG_MAP,
    *(Text(word, _CLEAR, "Helm values, --set, helm get values", confidence=0.5) for word in _WORDS),
)
#: The text is or names a chart's values.
_VALUES = (
    r"values(?:[.-][\w.-]{1,40})?\.ya?ml|\b[Hh]elm[ -][Cc]harts?\b"
    r"|\bvalues? for (?:the )?charts?\b|(?:USER-SUPPLIED|COMPUTED) VALUES|helm (?:install|upgrade"
    r"|template|(?:get|show) values|secrets)|\bhelm\b[^\n]{0,200}--set|Chart\.yaml|charts?/"
    r"|HelmRelease|valuesObject|^(?:replicaCount|fullnameOverride|nameOverride|imagePullSecrets):"
)
#: Something else goes wrong here, and values are only shown beside it.
_FAILS = (
    "Error:",
    "error:",
    "ERROR",
    "fatal",
    "CrashLoopBackOff",
    "panic:",
    "Traceback",
    "Exception",
    "refused",
    "failed",
    "Failed",
)
#: Templates, and manifests that only refer to a secret.
_TEMPLATE = ("{{", "valueFrom", "secretKeyRef", "configMapKeyRef")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A scanner's word or a value that is a secret, where values are what the text is of."""
    values = re.search(_VALUES, log.told + "\n" + log.text, re.MULTILINE)
    scanned = [hit for hit in hits if hit.text in _SCANNERS]
    if scanned and values:
        best = max(scanned, key=lambda hit: hit.text.confidence)
        yield _finding(_FOUND, scanned, log, best.text.confidence)
        return
    placed = [hit for hit in hits if hit.text in _IN_CONFIG_MAP]
    if placed and not log.has(*_FAILS):
        yield _finding(placed[0].text.says, placed, log, placed[0].text.confidence)
        return
    if not values:
        return
    kinds: dict[int, str] = {}
    for hit in hits:
        if hit.text.says == _CLEAR and hit.number not in kinds:
            kind = _secret(hit.line)
            if kind:
                kinds[hit.number] = kind
    prose = [hit for hit in hits if hit.text in _PROSE]
    if prose and not log.has(*_FAILS):
        yield _finding(prose[0].text.says, prose, log, 0.85 if kinds else 0.8)
    elif kinds:
        own = [hit for hit in hits if hit.number in kinds]
        count = len(kinds)
        named = ", ".join(dict.fromkeys(kinds.values()))
        message = f"{count} secret{'s' * (count > 1)} in clear in the values: {named}"
        yield _finding(message, own, log, 0.5 if log.has(*_FAILS) else 0.85)


def _secret(line: str) -> str:
    """What is shown of the first secret in the line, "" when there is none."""
    if any(sign in line for sign in _TEMPLATE) or line.lstrip().startswith("#"):
        return ""
    kind = kind_of(line)
    for name, value, _ in pairs(line):
        if is_secret(name, value) and len(value) >= 6:
            return f"{name} {shown(kind_of(value) or 'secret', value)}"
    url = re.search(r"[a-z]{2,20}://[^\s:/@]{0,80}:(?P<value>[^\s/@:]{6,200})@", line)
    if not kind and url and not url["value"].startswith(("$", "<", "{")):
        kind = "password in a URL"
    return f"<{kind}>" if kind else ""


def _finding(message: str, hits: Sequence[Hit], log: Log, confidence: float) -> Finding:
    lines = dict.fromkeys((hit.number, hit.line.strip()) for hit in hits)
    proof = tuple(Evidence(f"line {n}", masked(line)[:300]) for n, line in list(lines)[:4])
    return Finding(message, {}, {}, proof, tuple(_mend(log)), confidence)


def _mend(log: Log) -> Iterator[Remedy]:
    yield Remedy("Change the secret where it was issued: it must be taken as known")
    yield Remedy(
        "Keep it in a Secret that the chart refers to (existingSecret), or encrypt the file",
        "kubectl create secret generic NAME --from-file=password=/dev/stdin",
        verify="helm template . -f values.yaml | grep -n -i password",
    )
    yield Remedy(
        "Encrypt values that must stay in the repository",
        "sops --encrypt --in-place values.yaml  # with helm-secrets",
        verify="gitleaks detect",
    )
    if log.has("git", "push", "commit"):
        yield Remedy(
            "Take it out of the history",
            "git filter-repo --replace-text SECRETS.txt",
            verify="gitleaks detect --log-opts=--all",
        )


RULE = Rule("ship.secret-in-values", texts=TEXTS, weigh=weigh)
