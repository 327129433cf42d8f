#!/bin/sh
# Written by `archfit lab reproduce crash-cgo --macos-script`. On a Mac:
#   sh repro.sh > answer.json          (RUNS=5 sh repro.sh: each five times)
# then, anywhere:  archfit lab reproduce crash-cgo --from answer.json
#
# It builds the article's cgo program and its relatives in a temporary folder and runs them,
# natively and under Rosetta 2. It uses no network, changes no setting, and removes the folder.
# Needed: Go, and Apple's command line tools (cc, lipo, ar). It takes a minute or two.
set -u
LC_ALL=C
export LC_ALL
unset GOOS GOARCH GOFLAGS CGO_ENABLED CGO_CFLAGS CGO_LDFLAGS CC 2>/dev/null
export GOTOOLCHAIN=local GOWORK=off
RUNS=${RUNS:-3}
SECONDS_EACH=${SECONDS_EACH:-120}
# The system's own programs, whatever PATH has; a test puts others in their place.
system=${ARCHFIT_SYSTEM:-}
arch=$system/usr/bin/arch

work=$(mktemp -d "${TMPDIR:-/tmp}/archfit-lab.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 1
said="$work/.said"
separator=""

# A text as a JSON string: at most 6,000 bytes of it, ASCII and line ends alone.
json() {
    head -c 6000 | tr -cd '\11\12\40-\176' | awk '
        BEGIN { printf "\"" }
        {
            gsub(/\\/, "&&")
            gsub(/"/, "\\\"")
            gsub(/\t/, "\\t")
            printf "%s%s", (NR > 1 ? "\\n" : ""), $0
        }
        END { printf "\"" }'
}

# As json, of a command's output; null when the command fails.
answer() {
    if "$@" >"$said" 2>/dev/null; then json <"$said"; else printf 'null'; fi
}

# step CASE VARIANT STEP KIND COMMAND...: runs it and prints what it said; keeps its status.
step() {
    printf '%s\n    {"case": "%s", "variant": "%s", "step": "%s", "kind": "%s", "command": ' \
        "$separator" "$1" "$2" "$3" "$4"
    separator=","
    shift 4
    printf '%s' "$*" | json
    "$@" >"$said" 2>&1 </dev/null &
    pid=$!
    # What hangs is ended; 137 is the status of that.
    (
        left=$SECONDS_EACH
        while [ "$left" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
            sleep 1
            left=$((left - 1))
        done
        [ "$left" -gt 0 ] || kill -9 "$pid" 2>/dev/null
    ) >/dev/null 2>&1 &
    # The shell itself tells of a process that a signal ended.
    wait "$pid" 2>/dev/null
    ended=$?
    printf ', "status": %s, "out": ' "$ended"
    json <"$said"
    printf '}'
    return "$ended"
}

# tries CASE VARIANT COMMAND...: the same, RUNS times.
tries() {
    case_name=$1 variant=$2
    shift 2
    count=0
    while [ "$count" -lt "$RUNS" ]; do
        step "$case_name" "$variant" run try "$@"
        count=$((count + 1))
    done
}

go_build() {
    cd "$1" && CGO_ENABLED=1 GOOS=darwin GOARCH="$2" go build -o "prog-$2" .
}

# build CASE VARIANT GOARCH FOLDER: builds FOLDER/prog-GOARCH.
build() {
    step "$1" "$2" build build go_build "$4" "$3"
}

# The ISAs of the go command itself.
go_archs() {
    lipo -archs "$(command -v go)"
}

# module FOLDER: a Go module there.
module() {
    mkdir -p "$1"
    printf 'module example.com/%s\n\ngo 1.16\n' "$1" >"$1/go.mod"
}

module hello
cat >hello/main.go <<'GO'
@hello/main.go@
GO
module fault
cat >fault/main.go <<'GO'
@fault/main.go@
GO
module dylib
cat >dylib/greet.h <<'C'
@dylib/greet.h@
C
cat >dylib/main.go <<'GO'
@dylib/main.go@
GO
module archive
cat >archive/greet.h <<'C'
@archive/greet.h@
C
cat >archive/main.go <<'GO'
@archive/main.go@
GO
cat >greet.c <<'C'
#include <stdio.h>

void greet(void) { printf("hello from C\n"); fflush(stdout); }
C
cat >which.c <<'C'
#include <stdio.h>

int main(void) {
#if defined(__arm64__)
    printf("arm64\n");
#else
    printf("x86_64\n");
#endif
    return 0;
}
C

case $("$system/usr/sbin/sysctl" -n hw.optional.arm64 2>/dev/null) in
1) own=arm64 own_arch=arm64 other=amd64 other_arch=x86_64 ;;
*) own=amd64 own_arch=x86_64 other=arm64 other_arch=arm64 ;;
esac
translates=no
[ "$own" = arm64 ] && "$arch" -x86_64 /usr/bin/true 2>/dev/null && translates=yes

printf '{\n  "schema": "archfit.lab-macos/1",\n  "date": '
answer date -u '+%Y-%m-%dT%H:%M:%SZ'
printf ',\n  "runs": %d,\n  "host": {"apple_silicon": ' "$RUNS"
[ "$own" = arm64 ] && printf 'true' || printf 'false'
printf ', "os": '
answer sw_vers -productVersion
printf ', "kernel": '
answer uname -v
printf ', "cpu": '
answer "$system/usr/sbin/sysctl" -n machdep.cpu.brand_string
printf ', "rosetta": '
[ "$translates" = yes ] && printf 'true' || printf 'false'
printf '},\n  "shells": {'

# shell NAME PREFIX...: what a shell that PREFIX starts is told of itself.
shell() {
    printf '%s\n    "%s": {"arch": ' "$separator" "$1"
    separator=","
    shift
    answer "$@" "$arch"
    printf ', "uname": '
    answer "$@" "$system/usr/bin/uname" -m
    printf ', "proc_translated": '
    answer "$@" "$system/usr/sbin/sysctl" -n sysctl.proc_translated
    printf '}'
}
shell "this"
shell "x86_64" "$arch" -x86_64
shell "arm64 inside x86_64" "$arch" -x86_64 /usr/bin/env "$arch" -arm64
separator=""

printf '\n  },\n  "go": {"version": '
answer go version
for name in GOARCH GOHOSTARCH GOOS GOROOT CGO_ENABLED CC; do
    printf ', "%s": ' "$name"
    answer go env "$name"
done
printf ', "program": '
answer go_archs
printf '},\n  "steps": ['

if command -v go >/dev/null 2>&1; then
    if build native "darwin/$own" "$own" hello; then
        tries native "darwin/$own" "hello/prog-$own"
        if [ "$translates" = yes ]; then
            tries native-child "x86_64 shell" "$arch" -x86_64 /bin/sh -c "hello/prog-arm64"
            tries native-child "the article's command" "$arch" -x86_64 /bin/sh -c \
                'cd hello && GOOS=darwin GOARCH=arm64 CGO_ENABLED=1 go run main.go'
        fi
    fi
    if build translated "darwin/$other" "$other" hello && [ "$translates" = yes ]; then
        tries translated "darwin/amd64" hello/prog-amd64
    fi
    if step universal "Go program" lipo build \
        lipo -create -output hello/universal hello/prog-arm64 hello/prog-amd64; then
        tries universal "Go program" hello/universal
        [ "$translates" = yes ] && tries universal "Go program, x86_64 shell" \
            "$arch" -x86_64 /bin/sh -c hello/universal
    fi
    if step wrong-isa-library "darwin/$own, library darwin/$other" "right library" build \
        cc -arch "$own_arch" -dynamiclib -o dylib/libgreet.dylib \
        -install_name "$work/dylib/libgreet.dylib" greet.c &&
        build wrong-isa-library "darwin/$own, library darwin/$other" "$own" dylib &&
        step wrong-isa-library "darwin/$own, library darwin/$other" "wrong library" build \
            cc -arch "$other_arch" -dynamiclib -o dylib/libgreet.dylib \
            -install_name "$work/dylib/libgreet.dylib" greet.c; then
        tries wrong-isa-library "darwin/$own, library darwin/$other" "dylib/prog-$own"
    fi
    if step wrong-isa-archive "darwin/$own, archive darwin/$other" object build \
        cc -arch "$other_arch" -c -o greet.o greet.c &&
        step wrong-isa-archive "darwin/$own, archive darwin/$other" archive build \
            ar rcs archive/libgreet.a greet.o; then
        build wrong-isa-archive "darwin/$own, archive darwin/$other" "$own" archive &&
            tries wrong-isa-archive "darwin/$own, archive darwin/$other" "archive/prog-$own"
    fi
    build c-fault "darwin/$own" "$own" fault && tries c-fault "darwin/$own" "fault/prog-$own"
fi
if step universal "C program" cc build cc -arch arm64 -arch x86_64 -o which which.c; then
    tries universal "C program" ./which
    [ "$translates" = yes ] && tries universal "C program, x86_64 shell" \
        "$arch" -x86_64 /bin/sh -c ./which
fi
printf '\n  ]\n}\n'
