"""Ways in which log systems, terminals and chat show the lines of a program, for tests."""

from __future__ import annotations

import json
from collections.abc import Callable

Lines = list[str]


def _each(front: Callable[[int], str]) -> Callable[[Lines], Lines]:
    return lambda lines: [front(number) + line for number, line in enumerate(lines)]


#: Each takes the lines of a program and gives them as they are pasted; nothing gets lost.
DISGUISES: dict[str, Callable[[Lines], Lines]] = {
    "github actions": _each(lambda i: f"2024-05-01T12:00:{i % 60:02d}.{i:07d}Z "),
    "gh run view": _each(lambda i: f"build\tRun tests\t2024-05-01T12:00:00.{i:07d}Z "),
    "gitlab": _each(lambda i: f"2024-05-01T12:00:00.{i:06d}Z 01E "),
    "jenkins": _each(lambda i: f"[2024-05-01T12:00:00.{i % 1000:03d}Z] "),
    "buildkit": _each(lambda i: f"#12 {i // 10}.{i % 1000:03d} "),
    "compose": _each(lambda _: "web_1  | "),
    "compose with time": _each(lambda i: f"web-1  | 2024-05-01 12:00:00.{i % 1000:03d} "),
    "cri": _each(lambda i: f"2024-05-01T12:00:00.{i:09d}Z stderr F "),
    "kubectl prefix": _each(lambda _: "[pod/api-5d8f-x2x/app] "),
    "journal": _each(lambda i: f"Nov 24 17:37:{i % 60:02d} host app[123]: "),
    "journal iso": _each(lambda _: "2024-05-01T12:00:00+0200 host app[123]: "),
    "dmesg": _each(lambda i: f"[  123.{i:06d}] "),
    "klog": _each(lambda i: f"E0501 12:00:00.{i:06d}   1 run.go:74] "),
    "logcat": _each(lambda i: f"05-01 12:00:00.{i % 1000:03d}  123  456 E Go      : "),
    "quote": _each(lambda _: "> "),
    "quote twice": _each(lambda _: ">> "),
    "red": lambda lines: [f"\x1b[31m{line}\x1b[0m" for line in lines],
    "crlf": lambda lines: [line + "\r" for line in lines],
    "trailing blanks": lambda lines: [line + "  " for line in lines],
    "fence": lambda lines: ["look:", "```go", *lines, "```", "bye"],
    "html": lambda lines: [
        x.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for x in lines
    ],
    "no indent": lambda lines: [line.lstrip() for line in lines],
    "indented": _each(lambda _: "    "),
    "double spaced": lambda lines: [x for line in lines for x in (line, "")],
    "docker json": lambda lines: [
        json.dumps({"log": line + "\n", "stream": "stderr", "time": "2024"}) for line in lines
    ],
    "json message": lambda lines: [json.dumps({"level": "error", "msg": "\n".join(lines)})],
    "rsyslog": lambda lines: [
        "Nov 24 17:37:01 host app[1]: " + "#012".join(lines).replace("\t", "#011")
    ],
}
#: What is not known by its form, only by standing before the lines of a dump.
UNKNOWN: dict[str, Callable[[Lines], Lines]] = {
    "own logger": _each(lambda i: f"[svc-1 T{i}] E> "),
    "stern": _each(lambda _: "api-5d8f-x2x app "),
}
