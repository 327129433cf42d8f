#!/bin/sh
# name.sh PROGRAM: runs it to its crash in C and asks addr2line for the function at PC.
set -u
pc=$("$1" 2>&1 | sed -n 's/^PC=\(0x[0-9a-f]*\).*/\1/p')
echo "function at $pc: $(addr2line -f -e "$1" "$pc" | head -1)"
echo "bytes: $(wc -c <"$1")"
readelf -SW "$1" | grep -o ' \.\(symtab\|debug_info\|gopclntab\) ' | sort -u
