#!/bin/sh
# clean.sh GO: in caches of its own, changes a header outside the package, and builds again
# after nothing, `go clean -modcache`, `go clean -cache`, and that without the old program.
set -eu
go=$1
export GOCACHE="$PWD/own-cache" GOMODCACHE="$PWD/own-modules"
built() {
    "$go" build -o prog .
    echo "$1: $(./prog 2>&1)"
}
mkdir -p "$GOMODCACHE/example.com/old@v1.0.0"
echo '#define ANSWER 1' >outside/answer.h
built "first"
echo '#define ANSWER 2' >outside/answer.h
rm prog
built "header changed, program removed"
"$go" clean -modcache
rm prog
built "after -modcache, program removed"
"$go" clean -cache
built "after -cache, program kept"
"$go" clean -cache
rm prog
built "after -cache, program removed"
mkdir -p "$GOMODCACHE/example.com/old@v1.0.0"
status=0
"$go" clean -cache -modcache -r || status=$?
echo "the article's command: $status"
test -e "$GOMODCACHE/example.com" || echo "downloads are gone"
chmod -R u+w own-cache own-modules 2>/dev/null || true
rm -rf own-cache own-modules
