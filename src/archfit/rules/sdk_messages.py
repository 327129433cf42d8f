"""What xcrun, xcode-select, linkers, Homebrew and others say of an SDK that is not there.

Sources: xcrun(1), xcode-select(1) and their messages on macOS 10.9 to 26; ld64 TextStub;
swiftc; Homebrew extend/os/mac/diagnostic.rb; node-gyp; gomobile cmd/gomobile; the Android
Gradle plugin; MSBuild. Used by `build.sdk`.
"""

from __future__ import annotations

from archfit.model.text import Text

ABSENT = "the developer tools that xcode-select names are not there"
NO_SDK = "there is no SDK {sdk} where the tools look for it"
NEEDS_XCODE = "{tool} is part of Xcode, and only the Command Line Tools are selected"
LICENCE = "the licence of Xcode is not agreed to: its tools refuse to run"
NEWER = "the SDK is newer than the linker that reads it"
SWIFT = "the SDK and the Swift compiler are of different releases"
OLD_TOOLS = "Xcode or the Command Line Tools are too old for this system"
ANDROID = "the Android SDK or NDK is not there"
WINDOWS = "the Windows SDK or build tools that the project names are not installed"
_SDK = r"[\"'`\\]{0,2}(?P<sdk>[^\"'`\\\n]{1,200})"

#: (needle, what it says, who prints it, pattern, confidence)
_ROWS = (
    (
        "active developer path",
        ABSENT,
        "xcrun",
        r"invalid active developer path|active developer path \([^)\n]{1,200}\) does not exist",
        0.96,
    ),
    ("missing xcrun at", ABSENT, "xcrun", "", 0.95),
    ("no developer tools were found", ABSENT, "xcode-select", "", 0.95),
    ("unable to get active developer directory", ABSENT, "xcode-select", "", 0.95),
    (
        "not a developer tool or in PATH",
        NEEDS_XCODE,
        "xcrun",
        r"unable to find utility [\"'](?P<tool>[^\"'\n]{1,60})[\"']",
        0.95,
    ),
    (
        "cannot be located",
        NO_SDK,
        "xcrun, xcodebuild",
        rf"SDK {_SDK}[\"'`\\]{{0,2}} cannot be located",
        0.96,
    ),
    (
        "unable to lookup item",
        NO_SDK,
        "xcrun",
        r"unable to lookup item '\w{1,40}'(?: in SDK '(?P<sdk>[^'\n]{1,200})'| from command)",
        0.95,
    ),
    ("missing DEVELOPER_DIR path", ABSENT, "xcrun", "", 0.95),
    (
        "unable to load libxcrun",
        "xcrun can't load its library: the Xcode that is selected is of another architecture"
        " or system",
        "xcrun",
        "",
        0.93,
    ),
    ("couldn't create cache file", ABSENT, "xcrun", "", 0.3),
    ("cannot be used within an App Sandbox", ABSENT, "xcrun", "", 0.5),
    (
        "unable to find sdk",
        NO_SDK,
        "xcrun of xcbuild, CMake with Xcode",
        rf"unable to find sdk:? {_SDK}",
        0.92,
    ),
    (
        "tbd",
        NEWER,
        "YAML reader of ld64's libtapi and lld (*.tbd:4:18: error: unknown enumerated scalar)",
        r"\.tbd:\d{1,5}:\d{1,5}: error: ",
        0.92,
    ),
    (
        "SecTrustCopyCertificateChain",
        "the SDK is older than macOS 12, and this Go needs a function that came with it",
        "ld64, lld on crypto/x509 of Go 1.25 and later (golang/go 75013)",
        r"\b_?SecTrustCopyCertificateChain\\?\"?, referenced from|"
        r"undefined symbol: _?SecTrustCopyCertificateChain",
        0.93,
    ),
    (
        "requires Xcode",
        NEEDS_XCODE,
        "xcode-select (tool 'xcodebuild' requires Xcode, but active developer directory ...)",
        r"tool '(?P<tool>[^'\n]{1,60})' requires Xcode",
        0.96,
    ),
    ("is a command line tools instance", NEEDS_XCODE, "xcode-select", "", 0.95),
    (
        "Xcode license",
        LICENCE,
        "xcrun, xcodebuild",
        r"(?i)agree(?:d|ing)? to the Xcode|Xcode license agreements?[^\n]{0,120}(?:agree"
        r"|accept|root|sudo)",
        0.96,
    ),
    ("Xcode/iOS license", LICENCE, "xcrun", r"(?i)agree(?:d|ing)? to the Xcode/iOS license", 0.96),
    (
        "Xcode and Apple SDKs license",
        LICENCE,
        "xcodebuild since 13",
        r"(?i)agree(?:d|ing)? to the Xcode and Apple SDKs license",
        0.96,
    ),
    ("unsupported tapi file type", NEWER, "ld64 with an older libtapi", "", 0.96),
    (
        "!tapi-tbd",
        NEWER,
        "ld64 before Xcode 9, osxcross",
        r"(?:unexpected token|malformed|unknown|unsupported)[^\n]{0,200}!tapi-tbd",
        0.93,
    ),
    ("unknown bitvalue", NEWER, "LLVM TextAPI", r"error: unknown bitvalue", 0.93),
    ("could not load TAPI file", NEWER, "lld Mach-O", "", 0.93),
    ("tapi error", NEWER, "ld64, libtapi", "", 0.85),
    ("LC_LINKER_OPTION", NEWER, "ld64", r"malformed LC_LINKER_OPTION", 0.6),
    (
        "libarclite",
        "the SDK has no libarclite any more: the deployment target is too old for this Xcode",
        "clang (SDK does not contain 'libarclite')",
        r"SDK does not contain 'libarclite'|file not found: [^\n]{1,300}libarclite",
        0.95,
    ),
    ("this SDK is not supported by the compiler", SWIFT, "swiftc", "", 0.95),
    (
        "failed to build module",
        SWIFT,
        "swiftc",
        r"failed to build module '\w{1,60}'[^\n]{0,80}SDK",
        0.92,
    ),
    (
        "using sysroot for",
        "the SDK is that of another system than the target",
        "clang -Wincompatible-sysroot",
        r"using sysroot for '(?P<sdk>\w{1,40})' but targeting",
        0.75,
    ),
    ("is not a valid SDK", NO_SDK, "xcodebuild, CMake, osxcross", "", 0.85),
    ("does not contain the platform", NO_SDK, "xcodebuild", "", 0.6),
    (
        "Unable to find a destination matching",
        "Xcode has no platform or simulator for this destination",
        "xcodebuild",
        "",
        0.75,
    ),
    (
        "is not installed. Please download and install the platform",
        "Xcode lacks the platform that is built for",
        "xcodebuild",
        "",
        0.93,
    ),
    (
        "is not installed. To use with Xcode",
        "Xcode lacks the platform that is built for",
        "xcodebuild",
        "",
        0.93,
    ),
    ("Error opening -isysroot", NO_SDK, "Python's distutils, R", "", 0.85),
    ("sysroot doesn't exist", NO_SDK, "GHC, distutils", "", 0.85),
    (
        "Command Line Tools are too outdated",
        OLD_TOOLS,
        "Homebrew extend/os/mac/diagnostic.rb",
        "",
        0.95,
    ),
    (
        "is too outdated",
        OLD_TOOLS,
        "Homebrew extend/os/mac/diagnostic.rb",
        r"Your (?:Xcode|Command Line Tools) \([^)\n]{0,80}\)[^\n]{0,80}(?:are|is) too out",
        0.95,
    ),
    (
        "are too outdated",
        OLD_TOOLS,
        "Homebrew extend/os/mac/diagnostic.rb",
        r"Your (?:Xcode|Command Line Tools)[^\n]{0,160} too outdated",
        0.95,
    ),
    (
        "does not support macOS",
        OLD_TOOLS,
        "Homebrew",
        r"Your (?:Xcode|Command Line Tools)[^\n]{0,160} does not support macOS",
        0.95,
    ),
    (
        "is outdated",
        OLD_TOOLS,
        "Homebrew extend/os/mac/diagnostic.rb",
        r"(?:Xcode|CLT|Command Line Tools)[^\n]{0,120} (?:is|are) outdated|A newer Command"
        r" Line Tools release",
        0.7,
    ),
    ("Xcode alone is not sufficient", ABSENT, "Homebrew", "", 0.95),
    ("No developer tools installed", ABSENT, "Homebrew", "", 0.93),
    (
        "Install the Command Line Tools",
        ABSENT,
        "Homebrew",
        r"Install the Command Line Tools(?: for Xcode)?:?",
        0.8,
    ),
    (
        "No Xcode or CLT version detected",
        ABSENT,
        "node-gyp (gyp: No Xcode or CLT version detected!)",
        "",
        0.95,
    ),
    ("Could not find Xcode", ABSENT, "build tools", "", 0.7),
    (
        "xcode-select --install",
        ABSENT,
        "packages' own words",
        r"(?i)(?:error|fatal|required|missing|not found|not installed|please"
        r"|need)[^\n]{0,200}xcode-select --install",
        0.72,
    ),
    ("Could not determine iOS SDK", NO_SDK, "build tools", "", 0.8),
    (
        "-show-sdk-path",
        NO_SDK,
        "cc crate, CMake, GHC, distutils (xcrun --show-sdk-path failed)",
        r"(?i)(?:fail|error|non-zero|status|cannot|unable|No such)[^\n]{0,200}show-sdk-path"
        r"|show-sdk-path[^\n]{0,120}(?:fail|error|non-zero|exit (?:code|status)|not found)",
        0.86,
    ),
    ("No available SDK", NO_SDK, "CMake, Xcode", "", 0.75),
    (
        "iPhoneOS SDK",
        NO_SDK,
        "gomobile, build scripts",
        r"(?i)(?:no|find|locate|missing)[^\n]{0,40}iPhoneOS SDK",
        0.8,
    ),
    ("requires Xcode and", NEEDS_XCODE, "build tools", "", 0.7),
    (
        "requires XCode",
        NEEDS_XCODE,
        "gomobile (-target=ios requires XCode)",
        r"(?P<tool>-target=\S{1,20}|\S{1,40}) requires XCode",
        0.93,
    ),
    (
        "Android NDK found",
        ANDROID,
        "gomobile (no Android NDK found in $ANDROID_HOME/ndk-bundle)",
        r"no (?:usable )?(?:Android )?NDK found|no Android NDK found",
        0.95,
    ),
    ("usable NDK in", ANDROID, "gomobile (no usable NDK in)", r"no usable NDK in", 0.95),
    (
        "Android SDK",
        ANDROID,
        "gomobile, Gradle, Flutter",
        r"(?i)(?:could not|unable to|failed to|cannot|not) (?:locate|find)[^\n]{0,20} Android SDK",
        0.9,
    ),
    ("SDK location not found", ANDROID, "Android Gradle plugin", "", 0.95),
    ("NDK not configured", ANDROID, "Android Gradle plugin", "", 0.93),
    ("No version of NDK matched", ANDROID, "Android Gradle plugin", "", 0.93),
    (
        "did not have a source.properties file",
        ANDROID,
        "Android Gradle plugin",
        r"NDK (?:at|from)[^\n]{1,200} did not have a source\.properties",
        0.93,
    ),
    (
        "ANDROID_NDK_HOME",
        ANDROID,
        "build scripts",
        r"(?i)(?:ANDROID_NDK_HOME|ANDROID_NDK_ROOT)[^\n]{0,60}(?:not set|is not|undefined"
        r"|must be)|(?:set|define|missing)[^\n]{0,40}ANDROID_NDK_(?:HOME|ROOT)",
        0.88,
    ),
    (
        "Windows SDK version",
        WINDOWS,
        "MSBuild MSB8036",
        r"Windows SDK version [\d.]{0,20} ?was not found",
        0.95,
    ),
    ("MSB8036", WINDOWS, "MSBuild", r"error MSB8036", 0.95),
    (
        "MSB8020",
        WINDOWS,
        "MSBuild (the build tools for v14x cannot be found)",
        r"error MSB8020",
        0.93,
    ),
    (
        "NETSDK1045",
        "the .NET SDK is older than the framework that the project targets",
        "MSBuild",
        r"error NETSDK1045",
        0.9,
    ),
)
SDK_TEXTS = tuple(
    Text(needle, says, tool, pattern, sure) for needle, says, tool, pattern, sure in _ROWS
)
