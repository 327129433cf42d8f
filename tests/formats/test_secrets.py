"""No secret is shown whole, and what is none stays as it is."""

from __future__ import annotations

import pytest

from archfit.engine.diagnose import diagnose
from archfit.engine.registry import rules
from archfit.formats.secrets import is_secret, kind_of, masked

# Put together here: a whole one in a file would be taken for a real one by scanners.
_LONG = "Zt7" + "q9Lw2xVbnM4kPd8s" * 2

SECRETS = [
    ("password: {}", "hunter2-and-more"),
    ('  rootPassword: "{}"', "two words inside"),
    ("AWS_SECRET_ACCESS_KEY={}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz"),
    ("helm upgrade a b --set auth.password={},x=1", "Blau7Zebra-21"),
    ("postgres://shop:{}@db:5432/shop", "s3cr3tPass-9"),
    ("Authorization: Bearer {}", "abcdef0123456789"),
    ("token {} was sent", "gh" + "p_" + _LONG),
    ("key is {}", "sk" + "_live_" + _LONG),
    ("use {} here", "gl" + "pat-" + _LONG),
    ("id {}", "AK" + "IA" + "Z7Q9LW2XVBNM4KPD"),
    ('{{"apiKey":"{}"}}', "k-0123456789abcdef"),
    ("docker login --password {}", "S3cr3tS3cr3t"),
    ("-----BEGIN RSA PRIVATE KEY-----{}", "MIIEpAIBAAKCAQEA" + _LONG),
    ("    {}", ("MIIEpAIBAAKCAQEAzq" + _LONG * 2)[:64]),
]


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_a_secret_is_not_shown(line: str, secret: str) -> None:
    shown = masked(line.format(secret))
    assert secret not in shown
    assert secret[:-4] not in shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "line",
    [
        "syntax error: unexpected token: foo",
        "existingSecret: shop-postgresql",
        "secretName: registry-credentials",
        "password: ${DB_PASSWORD}",
        "password: changeme",
        "sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "ld: symbol(s) not found for architecture arm64",
        "https://example.com:8443/a@b",
        "automountServiceAccountToken: false",
        "maxTokens: 4096",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert masked(line) == line


def test_the_last_four_characters_stay() -> None:
    assert masked("password: correct-horse-7Qx9").endswith("7Qx9>")


def test_of_a_short_secret_nothing_stays() -> None:
    assert masked("password: abc1234") == "password: <secret>"


def test_kinds() -> None:
    assert kind_of("gh" + "p_" + _LONG) == "GitHub token"
    assert kind_of("nothing here") == ""
    assert not is_secret("password", "changeme")


@pytest.mark.parametrize(
    "text",
    [
        "# values.yaml\nreplicaCount: 1\nauth:\n  password: {}\n",
        "$ DB_PASSWORD={} ./app\nbash: ./app: cannot execute binary file: Exec format error\n",
        "bash: ./app --db-password={}: cannot execute binary file: Exec format error\n",
        # A rule cuts the secret out of its URL, and puts it into a command.
        "go: https://bob:{}@git.internal/x: invalid version: unknown revision v1\n",
        # The end of the secret stands where a long line is cut.
        "password={}" + " " * 110 + "exec format error" + " x" * 200 + "\n",
    ],
)
def test_no_rule_shows_one(text: str) -> None:
    secret = "Tr0ub4dor-and-3-horses"
    _, findings, failed = diagnose([text.format(secret)], rules(), {}, "text")
    assert not failed
    shown = repr(findings)
    assert findings
    assert secret not in shown
    assert secret[4:] not in shown
