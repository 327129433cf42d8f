#!/bin/sh
# Brings what tests need beyond Python. As root on Debian it installs; elsewhere it names
# what is missing, and the tests that need it are skipped by name.
set -eu

packages="gcc g++ binutils make git file gdb procps util-linux
  qemu-user gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross
  musl musl-tools clang lld llvm golang-1.19-go panicparse npm
  shellcheck zsh gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
  gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
# `install_tools.sh venv`: what Debian leaves out of Python's own library.
[ "${1:-}" = venv ] && packages="python3-venv"

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && grep -q '^ID=debian' /etc/os-release; then
  missing=""
  for package in $packages; do
    # What a package is for may be here without the package.
    case $package in
      npm) command -v npm >/dev/null && continue ;;
    esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
  fi
  exit 0
fi

missing=""
for tool in cc readelf go qemu-aarch64 aarch64-linux-gnu-gcc musl-gcc clang ld.lld npm panicparse; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || echo "not here (tests that need them are skipped by name):$missing"
