"""Native code that packages of Java and Node.js bring for other platforms than the one they run on.

Such a package carries one library or program for each platform, in a jar's folders or in packages
of their own. What is missing or wrong there is told by the package, not by the loader. Used by
`run.library-arch`.
"""

from __future__ import annotations

from archfit.model.text import Text

#: Words of a machine that is not the one most native code was built for.
OTHER_ISA = (
    r"(?i)\barm\b|\barm(?:v[5-8]|64|hf)\w{0,3}|aarch64|cortex|\bM[1-5]\b|apple silicon|graviton"
)
FOREIGN = "{library} is for another processor or system than the program that loads it"
#: HotSpot's own words, and those of libraries that unpack their native part.
OF_JAVA: tuple[Text, ...] = (
    Text(
        "platform",
        "{library} is for {have}, the Java virtual machine is for {need}",
        "HotSpot os_linux.cpp and os_windows.cpp (Can't load X .so on a Y platform)",
        r"(?:(?P<library>[^\s:]{1,300}): [^\n]{0,200})?[Cc]an't load (?P<have>[\w .-]{2,30}?)"
        r"(?:-bit)? ?\.(?:so|dll|dylib) on an? (?P<need>[\w .-]{2,30}?)(?:-bit)? platform",
        0.95,
    ),
    Text(
        "architecture word width mismatch",
        FOREIGN,
        "HotSpot os_linux.cpp",
        confidence=0.95,
    ),
    Text(
        "endianness mismatch",
        FOREIGN,
        "HotSpot os_linux.cpp",
        r"endianness mismatch",
        0.9,
    ),
    Text(
        "no native library is found for",
        "the Java library brings no native code for {need}",
        "snappy-java, sqlite-jdbc, zstd-jni, brotli: os.name and os.arch",
        r"no native library is found for os\.name=(?P<os>[\w ]{2,20}) and "
        r"os\.arch=(?P<need>\w{2,20})",
        0.85,
    ),
    Text(
        "native library found for os",
        "the Java library brings no native code for {need}",
        "sqlite-jdbc (No native library found for os.name=X, os.arch=Y, paths=[...])",
        r"[Nn]o native library found for os\.name=(?P<os>[\w -]{2,20}), "
        r"os\.arch=(?P<need>\w{2,20})",
        0.88,
    ),
    Text(
        "could not load a native library",
        "the Java library brings no {library}",
        "netty NativeLibraryLoader.java",
        r"could not load a native library: (?P<library>\w{1,80}_(?:aarch_64|x86_64|arm\w{0,4}))\b",
        0.88,
    ),
    Text(
        "FileNotFoundException",
        "the Java library brings no {library}",
        "netty NativeLibraryLoader.java (META-INF/native/libX_ISA.so)",
        r"FileNotFoundException: "
        r"(?P<library>META-INF/native/\S{1,120}_(?:aarch_64|x86_64)\.\w{2,6})",
        0.88,
    ),
    Text(
        "0509",
        FOREIGN,
        "AIX loader (0509-026 System error: Cannot run a file that does not have a valid format)",
        r"0509-0(?:22|26)[^\n]{0,200}does not have a valid format",
        0.9,
    ),
    Text(
        "UnsatisfiedLinkError",
        "the Java library's native part is not for this processor: {library} is not bound",
        "OpenJDK (UnsatisfiedLinkError: a.b.C.method(signature)), where an ISA is spoken of",
        r"UnsatisfiedLinkError: (?P<library>(?:\w{1,40}\.){2,10}\w{1,60})\((?:[\w/;\[]{0,200})\)\w",
        0.6,
    ),
    Text(
        "was not found inside JAR",
        "the Java library brings no {library}",
        "RocksDB NativeLibraryLoader.java and its copies",
        r"(?P<library>[\w.+/-]{3,120}) was not found inside JAR",
        0.88,
    ),
    *(
        Text(
            needle,
            "the Java library brings no native code for this processor",
            "netty, gRPC and others that name a resource by os-maven-plugin's classifier",
            r"no (?P<library>\w{1,80}_(?:linux|osx|windows)_(?P<need>aarch_64|x86_64)) in java"
            r"\.library|(?:not found|FileNotFound|[Mm]issing|UnsatisfiedLink|no such|cannot find|"
            r"[Cc]ould not find)[^\n]{0,200}[/-](?:linux|osx|windows)[-_](?:aarch_64|x86_64)/"
            r"(?P<other>[\w.-]{1,80}\.(?:so|dylib|jnilib|dll))"
            r"|[/-](?:linux|osx|windows)[-_](?:aarch_64|x86_64)/[\w.-]{1,80}\.(?:so|dylib|jnilib|dll)"
            r"[^\n]{0,80}(?:not found|missing|is not in|does not exist)",
            0.86,
        )
        for needle in ("aarch_64", "x86_64")
    ),
    Text(
        "not found in resource path",
        "the Java library brings no {library}",
        "JNA (Native library (darwin-aarch64/libfoo.dylib) not found in resource path)",
        r"[Nn]ative library \((?P<library>(?:darwin|linux|win32|com/sun/jna/(?:darwin|linux|win32))"
        r"-?[\w-]{0,20}/[^)\n]{1,120})\) not found in resource path",
        0.85,
    ),
)
#: pip, whose wheels name the platform that they are for.
OF_PYTHON: tuple[Text, ...] = (
    Text(
        "is not a supported wheel on this platform",
        "the wheel {library} is for {have}, this Python is not",
        "pip (X.whl is not a supported wheel on this platform)",
        r"(?P<library>[\w.-]{1,200}?-(?P<have>(?:macosx|manylinux|musllinux|linux|win)[\w.]{2,60}))"
        r"\.whl is not a supported wheel on this platform",
        0.7,
    ),
)
#: npm, yarn, and packages that bring one binary a platform.
OF_NODE: tuple[Text, ...] = (
    Text(
        "binaries cannot be used on the",
        "the installed binaries are for {have}, this platform is {need}",
        "sharp (npm)",
        r"'(?P<have>[\w-]{3,30})' binaries cannot be used on the '(?P<need>[\w-]{3,30})' platform",
        0.95,
    ),
    Text(
        "Could not load the",
        "the native module was installed for another platform than {need}",
        'sharp (npm): Could not load the "sharp" module using the X runtime',
        r"Could not load the \"(?P<library>sharp)\" module using the (?P<need>[\w-]{3,30}) runtime",
        0.9,
    ),
    Text(
        "installed esbuild",
        "esbuild's binary was installed on another platform than the one it is used on",
        "esbuild npm package (node-platform.ts)",
        r"installed esbuild (?:for|on) another platform",
        0.93,
    ),
    Text(
        "specified native binaries",
        "the installed package is for another platform",
        "npm packages that bring a binary a platform",
        r"for another platform than the one you're currently using",
        0.9,
    ),
    Text(
        "Unsupported platform",
        "the npm package brings no binary for {need}",
        "npm packages whose install script fetches a binary (Unsupported platform: OS ISA)",
        r"npm (?:ERR!|error) Unsupported platform: (?P<need>(?:darwin|linux|win32) \w{2,8})",
        0.8,
    ),
    Text(
        "Unsupported platform",
        "the npm package is for {have}, this machine is {need}",
        "npm and yarn (EBADPLATFORM: wanted ... (current: ...))",
        r"Unsupported platform for (?P<library>[^:\n]{1,80}): wanted (?P<have>[^\n]{1,100})"
        r" \(current: (?P<need>[^\n)]{1,100})\)",
        0.8,
    ),
)
