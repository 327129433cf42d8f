"""What the go command says when modules, vendoring or the toolchain line are at fault.

Sources: cmd/go/internal/{modload,modfetch,modget,toolchain,gover,load,vcs} of Go 1.11 to 1.27,
golang.org/x/mod/{modfile,module}. Used by `build.go-mod`.
"""

from __future__ import annotations

from archfit.model.text import Text

_MOD = "cmd/go/internal/modload"
_MODULE = r"[\"'`]?(?P<module>[\w.~/@+-]{1,200})"
#: The same where a pattern begins with it: tried at the start of a name only.
_FIRST = r"(?<![\w.~/@+-])(?P<module>[\w.~/@+-]{1,200})"
TIDY = "go.mod and go.sum are not up to date: {module}"
VENDOR = "vendor/ does not agree with go.mod"
SYNTAX = "go.mod has something that this Go does not read: {module}"
TOOLCHAIN = "the module asks for a newer Go: {need}"
OUTSIDE = "the go command runs outside a module"
FETCH = "the module cannot be fetched: {module}"
CONFLICT = "requirements of modules contradict each other: {module}"
OLD_MODULE = "a dependency is too old for this Go: {module}"
#: What is wrong -> (needle, who prints it, pattern, confidence).
_ROWS: dict[str, tuple[tuple[str, str, str, float], ...]] = {
    TIDY: (
        ("missing go.sum entry", _MOD, rf"missing go\.sum entry(?:[^\n]{{0,40}} {_MODULE})?", 0.96),
        ("no required module provides package", _MOD, rf"provides package {_MODULE}", 0.95),
        ("cannot find module providing package", _MOD, rf"providing package {_MODULE}", 0.95),
        ("cannot find module for path", "cmd/go 1.11 to 1.13", rf"for path {_MODULE}", 0.93),
        ("updates to go.mod needed", _MOD, "", 0.95),
        ("updates to go.sum needed", "cmd/go/internal/modfetch", "", 0.95),
        (
            "updating go.mod",
            "cmd/go 1.14, 1.15",
            r"updating go\.mod: existing contents|disabled by",
            0.85,
        ),
        ("from implicitly required module", _MOD, r"package (?P<module>\S{1,200}) imports", 0.94),
        ("is replaced but not required", _MOD, r"module (?P<module>\S{1,200}) provides", 0.95),
        ("import lookup disabled by", _MOD, r"import lookup disabled by -mod=", 0.95),
    ),
    VENDOR: (
        ("inconsistent vendoring", _MOD, "", 0.97),
        ("exists in the vendor directory but is missing", _MOD, "", 0.9),
        ("marked as explicit in vendor/modules.txt", _MOD, "", 0.95),
        (
            "in vendor/modules.txt",
            _MOD,
            r"not marked as (?:explicit|replaced) in vendor/modules\.txt",
            0.95,
        ),
        ("reading modules.txt for vendor directory", _MOD, "", 0.94),
        ("-mod may only be set to", _MOD, "", 0.93),
        (
            "value for -mod",
            "cmd/go",
            r"invalid value for -mod|build flag -mod=\S{1,20} only valid",
            0.93,
        ),
    ),
    SYNTAX: (
        ("errors parsing go.mod", _MOD, "", 0.9),
        ("errors parsing go.work", _MOD, "", 0.9),
        (
            "unknown directive",
            "golang.org/x/mod/modfile",
            r"go\.(?:mod|work):\d{1,6}:(?:\d{1,5}:)? unknown directive: (?P<module>\S{1,40})",
            0.96,
        ),
        (
            "invalid go version",
            "golang.org/x/mod/modfile",
            r"invalid go version '?(?P<module>[^'\n]{1,30})'?: must match format",
            0.96,
        ),
        (
            "malformed module path",
            "golang.org/x/mod/module",
            rf"malformed module path {_MODULE}",
            0.92,
        ),
        ("malformed go.sum", "cmd/go/internal/modfetch", "", 0.95),
        ("missing module declaration", _MOD, "", 0.93),
        ("must have a major version suffix", _MOD, "", 0.9),
    ),
    TOOLCHAIN: (
        (
            "requires go",
            "cmd/go/internal/gover (requires go >= N (running go M))",
            r"requires (?P<need>go >= [\w.]{1,16}) \(running go",
            0.97,
        ),
        (
            "note: module requires Go",
            "cmd/go/internal/work/gc.go",
            r"note: module requires (?P<need>Go [\w.]{1,16})",
            0.93,
        ),
        (
            "imported by a module that requires go",
            _MOD,
            r"module that requires (?P<need>go [\w.]{1,16})",
            0.95,
        ),
        (
            "toolchain not available",
            "cmd/go/internal/toolchain",
            r"download (?P<need>go\S{1,30}) for \S{1,40}: toolchain not available",
            0.95,
        ),
        (
            "invalid toolchain",
            "cmd/go/internal/toolchain",
            r"invalid toolchain:? ?(?P<need>\S{0,40})",
            0.93,
        ),
        (
            "invalid GOTOOLCHAIN",
            "cmd/go/internal/toolchain",
            r"invalid GOTOOLCHAIN (?P<need>\S{0,40})",
            0.93,
        ),
        (
            "cannot load module graph",
            _MOD,
            r"Go version (?P<need>\S{1,16}) cannot load module graph",
            0.93,
        ),
        ("toolchain upgrade needed", _MOD, r"(?P<need>toolchain upgrade) needed to resolve", 0.85),
        (
            "is not in GOROOT",
            "cmd/go before 1.21 (package X is not in GOROOT)",
            r"package (?P<need>[\w./-]{1,120}) is not in GOROOT",
            0.88,
        ),
        (
            "is not in std",
            "cmd/go since 1.21 (package X is not in std)",
            r"package (?P<need>[\w./-]{1,120}) is not in std",
            0.9,
        ),
        (
            "maximum version supported by tidy",
            "cmd/go/internal/modcmd/tidy.go",
            r"indicates (?P<need>go 1\.\d{1,2})",
            0.96,
        ),
        (
            "maximum supported Go version",
            "cmd/go/internal/modcmd/tidy.go",
            r"(?P<need>1\.\d{1,2})?[^\n]{0,40}maximum supported Go version is",
            0.93,
        ),
        (
            "or later",
            "cmd/compile (requires go1.N or later (-lang was set to go1.M; check go.mod))",
            r"requires (?P<need>go1\.\d{1,2}) or later \(-lang was set|not supported in -lang=",
            0.93,
        ),
        (
            "-lang was set to",
            "cmd/compile (check go.mod)",
            r"(?P<need>go1\.\d{1,2})? ?(?:or later )?\(-lang was set to",
            0.93,
        ),
        (
            "listed in go.work file requires go",
            _MOD,
            r"listed in go\.work file requires (?P<need>go >= \S{1,16}?),",
            0.96,
        ),
    ),
    OUTSIDE: (
        ("go.mod file not found", _MOD, r"go\.mod file not found in current directory", 0.95),
        ("cannot find main module", _MOD, "", 0.95),
        ("is no longer supported outside a module", "cmd/go/internal/modget", "", 0.96),
        ("no modules were found in the current workspace", _MOD, "", 0.94),
        ("outside main module or its selected dependencies", _MOD, "", 0.93),
        ("outside available modules", "cmd/go 1.13 to 1.17", "", 0.9),
        ("working directory is not part of a module", "cmd/go 1.13 to 1.15", "", 0.93),
        (
            "only valid when using modules",
            "cmd/go (build flag -mod=... only valid when using modules)",
            "",
            0.94,
        ),
        (
            "modules disabled",
            _MOD,
            r"modules disabled (?:inside GOPATH|by GO111MODULE=off)|modules disabled; see",
            0.93,
        ),
        (
            "can only use path@version syntax",
            "cmd/go (can only use path@version syntax with 'go get')",
            "",
            0.93,
        ),
        (
            "flag is no longer supported",
            "cmd/go/internal/modget",
            r"go: -(?:m|insecure) flag is no longer supported",
            0.9,
        ),
    ),
    FETCH: (
        (
            "invalid version",
            "cmd/go/internal/modfetch/codehost (M@V: invalid version: git ...: exit status 128)",
            rf"{_FIRST}: invalid version: git (?:ls-remote|fetch|init|clone)",
            0.92,
        ),
        (
            "module lookup disabled by",
            "cmd/go/internal/modfetch",
            rf"(?:{_FIRST}: )?module lookup disabled by",
            0.94,
        ),
        ("cannot query module due to", _MOD, "", 0.93),
        ("cannot load module", _MOD, rf"cannot load module {_MODULE} listed in go\.work", 0.93),
        (
            "GOSUMDB",
            "cmd/go/internal/modfetch",
            r"checksum (?:database|missing)|verifying [^\n]{1,200}sum\.golang\.org",
            0.8,
        ),
        (
            "reading https://sum.golang.org",
            "cmd/go/internal/modfetch",
            rf"verifying {_MODULE}|reading https://sum",
            0.88,
        ),
        (
            "reading https://proxy.golang.org",
            "cmd/go/internal/modfetch",
            rf"{_FIRST}: reading https://proxy",
            0.9,
        ),
        (
            "unrecognized import path",
            "cmd/go/internal/vcs",
            rf"unrecognized import path \\?{_MODULE}",
            0.92,
        ),
        (
            "unknown revision",
            "cmd/go/internal/modfetch/codehost",
            rf"(?:{_FIRST}: )?(?:invalid version: )?unknown revision",
            0.92,
        ),
        ("no matching versions for query", _MOD, rf"{_FIRST}: no matching versions", 0.93),
        (
            "invalid pseudo-version",
            "cmd/go/internal/modfetch",
            rf"{_FIRST}: invalid pseudo-version",
            0.94,
        ),
        ("could not read Username for", "git, called by the go command", "", 0.6),
        (
            "git ls-remote",
            "cmd/go/internal/modfetch/codehost",
            r"go: [^\n]{0,300}git ls-remote -q",
            0.9,
        ),
        (
            "git init --bare",
            "cmd/go/internal/modfetch/codehost",
            r"go: [^\n]{0,300}git init --bare",
            0.85,
        ),
        ("is not using a known version control system", "cmd/go/internal/vcs", "", 0.88),
    ),
    CONFLICT: (
        ("parsing go.mod", _MOD, r"parsing go\.mod:|parsing (?P<module>\S{0,200}go\.mod):", 0.88),
        ("module path must match major version", "golang.org/x/mod/module", "", 0.94),
        (
            "should be v0 or v1, not",
            "golang.org/x/mod/module",
            r"(?P<module>\S{0,200}) ?invalid: should be",
            0.94,
        ),
        ("post-v0 module path", "cmd/go/internal/modfetch", "", 0.93),
        (
            "ambiguous import",
            _MOD,
            r"ambiguous import: found (?:package )?(?P<module>\S{1,200})",
            0.95,
        ),
        ("but go", _MOD, r"loaded from [^\n]{1,200}but go 1\.\d{1,2} would", 0.9),
        ("To upgrade to the versions selected by go", _MOD, "", 0.9),
        ("conflicting replacements", _MOD, "", 0.94),
        ("excluded by go.mod", _MOD, "", 0.85),
        (
            "go.mod has post-",
            "cmd/go/internal/modfetch",
            r"go\.mod has post-\S{1,10} module path",
            0.93,
        ),
        ("go: version constraints conflict", _MOD, "", 0.92),
    ),
    OLD_MODULE: (
        (
            "must refer to declared function or variable",
            "cmd/compile since 1.18, given golang.org/x/sys before June 2021",
            r"//go:linkname must refer to declared",
            0.94,
        ),
        (
            "invalid reference to",
            "cmd/link since 1.23 (link: M: invalid reference to S, -checklinkname)",
            rf"link: {_MODULE}: invalid reference to \S{{1,120}}",
            0.93,
        ),
        (
            "invalid array length",
            "cmd/compile since 1.25 on golang.org/x/tools before 2024 (tokeninternal)",
            r"invalid array length -delta \* delta",
            0.93,
        ),
    ),
    "a package is neither in vendor/ nor elsewhere: {module}": (
        (
            "cannot find package",
            'cmd/go (cannot find package ... in any of, cannot find package "." in vendor)',
            r"cannot find package \\?\"(?P<module>[^\"\n\\]{1,200})\\?\" in(?: any of|:)",
            0.85,
        ),
    ),
    "the module has another name than it is required by: {module}": (
        ("but was required as", _MOD, rf"but was required as: {_MODULE}", 0.96),
        ("module declares its path as", _MOD, rf"declares its path as: {_MODULE}", 0.95),
    ),
    "the folder is in no module of go.work": (
        ("directory prefix", _MOD, r"directory prefix \S{1,200} does not contain", 0.93),
        ("is not one of the workspace modules", _MOD, "", 0.94),
    ),
    "a module's content is not what go.sum says: {module}": (
        (
            "checksum mismatch",
            "cmd/go/internal/modfetch (verifying M@V: checksum mismatch)",
            rf"verifying {_MODULE}(?:/go\.mod)?: checksum mismatch",
            0.97,
        ),
    ),
    "that version of the module has no such package: {module}": (
        (
            "but does not contain package",
            _MOD,
            r"but does not contain package (?P<module>\S{1,200})",
            0.95,
        ),
    ),
    "a replace directive names a folder that is not there: {module}": (
        ("replacement directory", _MOD, rf"replacement directory {_MODULE} does not exist", 0.96),
    ),
    "a package that is internal to another module is imported: {module}": (
        (
            "use of internal package",
            "cmd/go/internal/load",
            r"use of internal package (?P<module>\S{1,200}) not allowed",
            0.9,
        ),
    ),
    "a program is imported as a package": (
        ("is a program, not an importable package", "cmd/go/internal/load", "", 0.9),
    ),
    "the go command cannot ask git about the folder": (
        (
            "error obtaining VCS status",
            "cmd/go/internal/load (Use -buildvcs=false)",
            r"error obtaining VCS status: (?P<module>[^\n]{0,60})",
            0.88,
        ),
    ),
    "a package is imported by a path of the file system": (
        (
            "local import",
            "cmd/go/internal/load",
            r"local import \\?\"(?P<module>[^\"\n\\]{1,200})\\?\" in non-local package",
            0.9,
        ),
    ),
}
#: What the compiler says where two modules do not fit each other.
_SKEW = (
    *("not enough arguments in call", "too many arguments in call"),
    *("has no field or method", "missing method"),
)
_IN_CACHE = r"pkg[/\\]mod[/\\](?P<module>[^\s:@]{1,150})@v[^\s:]{1,200}\.go:\d{1,6}:\d{1,5}: "
TEXTS = (
    *(
        Text(needle, says, tool, pattern, sure)
        for says, rows in _ROWS.items()
        for needle, tool, pattern, sure in rows
    ),
    *(
        Text(needle, CONFLICT, "cmd/compile on a file of the module cache", _IN_CACHE, 0.78)
        for needle in _SKEW
    ),
)
