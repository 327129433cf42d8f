"""The SDK (Xcode, Command Line Tools) is missing or does not fit the tools

What is wrong
-------------
`xcrun: error: invalid active developer path`, `SDK "iphoneos" cannot be located`, `tool
'xcodebuild' requires Xcode`, the licence is not agreed to, `no such sysroot directory`,
`library not found for -lSystem`, or the SDK is newer than the linker or compiler that reads
it: `unsupported tapi file type '!tapi-tbd'`, `this SDK is not supported by the compiler`.

Why it happens
--------------
An upgrade of macOS removes or invalidates the Command Line Tools; xcode-select points at
them where a whole Xcode is needed; build files keep the path of an SDK that is gone; conda,
osxcross or Homebrew bring a linker older than the SDK; a cross build for macOS has no SDK.

Remedy
------
Install or renew the tools (`xcode-select --install`), point xcode-select at the right ones,
and configure the build anew.

References
----------
- xcrun(1), xcode-select(1); Apple TN2339
- ld64, TextStub and libtapi (tbd versions); clang -Wmissing-sysroot
- CMake Modules/Platform/Darwin.cmake (CMAKE_OSX_SYSROOT)

Limits
------
One header or library that is missing from an SDK that is there is build.header-missing or
build.library-missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said
from archfit.rules.sdk_messages import (
    ANDROID,
    LICENCE,
    NEEDS_XCODE,
    NEWER,
    SDK_TEXTS,
    SWIFT,
    WINDOWS,
)

_SYSTEM_LIBRARY = Text(
    "not found for -lSystem",
    "the linker finds no SDK: libSystem, which every program needs, is not there",
    "ld64, lld Mach-O (library not found for -lSystem)",
    r"library not found for -lSystem\b",
    0.93,
)
_SYSTEM_NEW = Text(
    "System",
    "the linker finds no SDK: libSystem, which every program needs, is not there",
    "ld-prime (library 'System' not found), zig",
    r"library '?-?l?System'? not found|unable to find (?:dynamic )?system library"
    r" ['\"](?:System|resolv|objc)['\"]",
    0.94,
)
_FRAMEWORK = Text(
    "CoreFoundation",
    "the linker finds no SDK: the frameworks of macOS are not there",
    "ld64, ld-prime, lld, zig (framework not found CoreFoundation)",
    r"framework (?:not found (?:for )?(?:-framework )?CoreFoundation|'CoreFoundation' not found)"
    r"|unable to find (?:system )?framework ['\"](?:CoreFoundation|Security|Foundation)",
    0.9,
)
_SYSROOT = Text(
    "no such sysroot directory",
    "the SDK {sdk} is not there",
    "clang (warning: no such sysroot directory [-Wmissing-sysroot])",
    r"no such sysroot directory:? '(?P<sdk>[^'\n]{0,200})'",
    0.9,
)
#: Frameworks that every SDK of macOS has.
_FRAMEWORKS = (
    r"(?:CoreServices|CoreFoundation|Foundation|Cocoa|AppKit|Security|CoreGraphics|Carbon"
    r"|ApplicationServices|SystemConfiguration|Metal|QuartzCore|AudioToolbox)"
)
_HEADER = Text(
    "file not found",
    "the C library's own headers are not found: the SDK is missing or not told to the compiler",
    "clang on macOS without an SDK",
    r"fatal error: '(?P<header>(?:std(?:io|lib|int|def|arg|bool)|string|math|errno|time|assert"
    r"|limits|unistd|ctype|wchar|inttypes|pthread|locale|signal)\.h|sys/(?:types|cdefs|param|time"
    r"|sysctl|stat)\.h|(?:TargetConditionals|Availability|AvailabilityMacros|_types)\.h"
    r"|machine/\w{1,20}\.h|cstd\w{2,8}|iostream|string|vector|cmath|memory|"
    + _FRAMEWORKS
    + r"/\w{1,40}\.h|IOKit/[\w/]{1,40}\.h)' file not found",
    0.82,
)
_TBD = Text(
    "tbd",
    NEWER,
    "ld64 that knows no text stubs (file was built for unsupported file format)",
    r"file was built for unsupported file format[^\n]{1,300}\.tbd|\.tbd(?:'|:|,| )[^\n]{0,100}"
    r"(?:unsupported file format|unknown (?:file type|bitvalue|architecture)|malformed file)",
    0.93,
)
_CMAKE = Text(
    "is not set to a MacOSX SDK with a recognized version",
    "CMake finds no SDK for the deployment target",
    "CMake Modules/Platform/Darwin.cmake",
    confidence=0.95,
)

TEXTS = (
    _SYSTEM_LIBRARY,
    _SYSTEM_NEW,
    _FRAMEWORK,
    _SYSROOT,
    _HEADER,
    _TBD,
    _CMAKE,
    *SDK_TEXTS,
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message that a missing or foreign SDK explains."""
    # A check that fails is no fault, but the very first one (CMake's simple test program) is.
    fatal = log.has("is not able to compile a simple test program", "cannot create executables")
    left = [(hit, _sure(hit, log)) for hit in hits if fatal or not log.build.probe(hit.number)]
    left = [(hit, sure) for hit, sure in left if sure > 0]
    if not left:
        return
    best, sure = max(left, key=lambda one: one[1])
    yield said(
        best,
        [hit for hit, _ in left],
        message=_message(best),
        remedies=_mend(best),
        confidence=sure,
    )


def _message(hit: Hit) -> str:
    if "{sdk}" in hit.text.says and not hit.group("sdk"):
        return "there is no SDK where the tools look for it"
    if "{tool}" in hit.text.says and not hit.group("tool"):
        return "a tool of Xcode is needed, and only the Command Line Tools are selected"
    return ""


def _sure(hit: Hit, log: Log) -> float:
    text = hit.text
    if text is _SYSROOT:
        # A warning: it is the cause when something is not found after it.
        failed = log.has("file not found", "not found for", "linker command failed", "rror: ")
        return text.confidence if failed and _apple(log) else 0.6 if failed else 0.0
    if text is _HEADER:
        header = hit.group("header")
        if log.has(*_LINUX) or (log.build.crosses and log.build.host[0] != "darwin"):
            return 0.0
        if re.match(rf"IOKit|TargetCond|Availab|{_FRAMEWORKS}/", header) or _apple(log):
            return text.confidence
        # Only clang quotes it so, and cgo with clang is macOS, as a rule.
        return 0.6 if "_cgo_export" in hit.line or log.has("runtime/cgo") else 0.0
    if text is _SYSTEM_LIBRARY and log.has("-static"):
        return 0.55
    if text is _FRAMEWORK:
        return text.confidence if not log.has(".framework/", "-F/") else 0.5
    if text.needle in ("using sysroot for", "is outdated"):
        return text.confidence if log.has("rror") else 0.0
    if text.needle == "tapi error" or text is _TBD:
        return text.confidence if ".tbd" in hit.line or log.near(hit.number, ".tbd") else 0.0
    return text.confidence


#: Signs that a compiler works for macOS, and that it works for something else.
_APPLE = (
    "apple",
    "Apple",
    "darwin",
    "Darwin",
    "macOS",
    "MacOS",
    "/Library/Developer",
    "Xcode",
    "xcrun",
)
_LINUX = ("/usr/lib/gcc", "x86_64-linux-gnu", "aarch64-linux-gnu", "mingw32", "linux-musl")


def _apple(log: Log) -> bool:
    return log.platform.os == "darwin" or log.says(*_APPLE)


def _mend(hit: Hit) -> Iterator[Remedy]:
    says = hit.text.says
    verify = "xcrun --show-sdk-path && xcrun --sdk macosx --find clang"
    if says == LICENCE:
        yield Remedy("Read and accept the licence", "sudo xcodebuild -license", verify=verify)
    elif says == ANDROID:
        yield Remedy(
            "Install the NDK, and say where it is",
            "sdkmanager 'ndk;27.0.12077973' && export"
            " ANDROID_NDK_HOME=$ANDROID_HOME/ndk/27.0.12077973",
            verify="ls $ANDROID_NDK_HOME/toolchains/llvm/prebuilt",
        )
    elif says == WINDOWS or ".NET" in says:
        yield Remedy(
            "Install what the message names with the Visual Studio installer",
            "winget install Microsoft.VisualStudio.2022.BuildTools",
            verify="msbuild -version",
        )
    elif says == NEEDS_XCODE or re.search("(?i)iphone|appletv|watchos", hit.group("sdk")):
        yield Remedy(
            "Select a whole Xcode: the Command Line Tools have neither this tool nor this SDK",
            "sudo xcode-select --switch /Applications/Xcode.app/Contents/Developer",
            verify="xcode-select -p && xcodebuild -showsdks",
        )
    elif says in (NEWER, SWIFT):
        yield Remedy(
            "Take linker, compiler and SDK from the same Xcode, not a linker of conda, osxcross or"
            " another prefix",
            "which -a ld clang && xcrun ld -v && xcrun --show-sdk-version",
            safe=True,
            verify="xcrun clang -v hello.c",
        )
    else:
        yield Remedy(
            "Install or renew the Command Line Tools",
            "sudo rm -rf /Library/Developer/CommandLineTools && xcode-select --install",
            verify=verify,
        )
        yield Remedy(
            "Point the tools at the SDK that is there, and configure the build anew (the path of"
            " an SDK is kept in CMakeCache.txt and its like)",
            "export SDKROOT=$(xcrun --sdk macosx --show-sdk-path)",
            safe=True,
            verify="ls $SDKROOT/usr/lib/libSystem.tbd",
        )


RULE = Rule("build.sdk", texts=TEXTS, weigh=weigh)
