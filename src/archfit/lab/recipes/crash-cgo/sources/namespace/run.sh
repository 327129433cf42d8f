#!/bin/sh
# run.sh UNSHARE TRANSLATOR PROGRAM: starts PROGRAM where binfmt_misc knows TRANSLATOR alone
# ("": none) for the ISA in PROGRAM's own header, in a user and mount namespace of its own.
# "archfit-lab: ..." and status 77: this machine does not allow it.
set -u
if [ "$1" != inside ]; then
    if ! "$1" -Urm true 2>/dev/null; then
        echo "archfit-lab: user namespaces are not allowed here" >&2
        exit 77
    fi
    exec "$1" -Urm /bin/sh "$0" inside "$2" "$3"
fi
place=$(mktemp -d) || exit 77
# What is mounted in this namespace goes with it; the folder does not.
trap 'umount "$place" 2>/dev/null; rmdir "$place"' EXIT
if ! mount -t binfmt_misc binfmt_misc "$place" 2>/dev/null; then
    echo "archfit-lab: no binfmt_misc in a user namespace (Linux 6.7 has it)" >&2
    exit 77
fi
if [ -n "$2" ]; then
    # e_ident without its OSABI and padding, then e_type and e_machine (gABI, "ELF Header").
    ident=$(od -An -v -tx1 -N7 "$3" | sed 's/ /\\x/g')
    machine=$(od -An -v -tx1 -j18 -N2 "$3" | sed 's/ /\\x/g')
    magic="$ident"'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'"$machine"
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    if ! printf '%s' ":archfit:M::$magic:$mask:$2:" >"$place/register" 2>/dev/null; then
        echo "archfit-lab: the kernel refused the registration" >&2
        exit 77
    fi
fi
"$3"
