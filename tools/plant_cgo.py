"""Plants a cgo module of 40 files and 20 flags with one real fault in it.

    python tools/plant_cgo.py DIR [--fault mangled|library|pointer|flag] [--script]

``mangled``: a function of a C++ file whose header lacks extern "C"; ``library``: -l of a
library that is nowhere; ``pointer``: a Go pointer to a Go pointer handed to C, at run time;
``flag``: a C++ standard in CFLAGS, an error with clang alone. Prints the environment and the
command that fails, as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib

_FLAGS = {
    "CGO_CFLAGS": "-O1 -g0 -DAPP_VERSION=3 -DAPP_NAME=shop -Wall -Wno-unused-function -fPIC",
    "CGO_CXXFLAGS": "-O1 -g0 -std=c++17 -Wall -fno-rtti",
    "CGO_CPPFLAGS": "-DAPP_TRACE=0",
    "CGO_LDFLAGS": "-Wl,-O1",
}
_GO = """\
package {name}

import (
\t"fmt"
\t"strings"
{imports}
)

// Limit is how many {name}s are kept.
const Limit = {number}

// Item is one {name}.
type Item struct {{
\tName string
\tSize int
}}

// Describe says what an item is.
func Describe(it Item) string {{
\tif it.Size > Limit {{
\t\treturn strings.ToUpper(it.Name)
\t}}
\treturn fmt.Sprintf("%s %d", it.Name, it.Size{call})
}}
"""
_C = """\
#include "{name}.h"
#include <string.h>

static int {name}_seen;

int {name}_count(const char *text) {{
    int sum = 0;
    for (size_t i = 0; i < strlen(text); i++) sum += text[i] == 'a' + {number};
    {name}_seen += sum;
    return sum;
}}
"""
#: The packages without C.
NAMES: tuple[str, ...] = ("order", "item", "price", "stock", "user", "cart", "tax", "ship")
NAMES += ("mail", "page", "find", "sort")


def files(fault: str) -> dict[str, str]:
    """The 40 files of the module, by path."""
    tree: dict[str, str] = {"go.mod": "module example.com/shop\n\ngo 1.19\n"}
    for number, name in enumerate(NAMES):
        other = NAMES[number + 1] if number + 1 < len(NAMES) else ""
        imports = f'\n\t"example.com/shop/{other}"' if other else ""
        call = f"+len({other}.Describe({other}.Item{{}}))" if other else ""
        tree[f"{name}/{name}.go"] = _GO.format(
            name=name, imports=imports, number=number + 3, call=call
        )
    for number, name in enumerate(NAMES[:9]):
        tree[f"native/{name}.c"] = _C.format(name=name, number=number)
        tree[f"native/{name}.h"] = f"#pragma once\nint {name}_count(const char *text);\n"
    includes = "\n".join(f'#include "{name}.h"' for name in NAMES[:9])
    calls = "\n".join(f"\ttotal += int(C.{name}_count(text))" for name in NAMES[:9])
    cgo = (
        "#cgo CFLAGS: -I${SRCDIR} -DNATIVE=1 -DDEPTH=4\n#cgo CXXFLAGS: -DNATIVE=1\n"
        "#cgo LDFLAGS: -lm -lpthread\n"
    )
    tree["native/native.go"] = (
        f"package native\n\n/*\n{cgo}#include <stdlib.h>\n{includes}\n*/\n"
        'import "C"\nimport "unsafe"\n\n// Total counts all.\nfunc Total(s string) int {\n'
        "\ttext := C.CString(s)\n\tdefer C.free(unsafe.Pointer(text))\n\ttotal := 0\n"
        f"{calls}\n\treturn total\n}}\n"
    )
    tree |= _fault(fault)
    tree["main.go"] = (
        'package main\n\nimport (\n\t"fmt"\n\n\t"example.com/shop/native"\n'
        '\t"example.com/shop/order"\n)\n\nfunc main() {\n'
        '\tfmt.Println(order.Describe(order.Item{Name: "first", Size: 2}))\n'
        '\tfmt.Println(native.Total("banana"))\n\tfmt.Println(native.Weigh(3))\n}\n'
    )
    tree["README.md"] = "# shop\n\nAn example that does nothing of use.\n"
    for name in ("Makefile", "LICENSE", "docs/design.md"):
        tree.setdefault(name, f"# {name}\n")
    return tree


def _fault(fault: str) -> dict[str, str]:
    head = 'package native\n\n/*\n{cgo}#include "weigh.h"\n*/\nimport "C"\n\n'
    call = "// Weigh weighs.\nfunc Weigh(n int) int { return int(C.weigh(C.int(n))) }\n"
    header = "#pragma once\nint weigh(int n);\n"
    body = '#include "weigh.h"\nint weigh(int n) { return n * 2; }\n'
    if fault == "mangled":
        more = '#include "weigh.h"\n#include <vector>\nstatic std::vector<int> kept;\n'
        tree = {
            "native/weigh.cc": more + body.partition("\n")[2],
            "native/weigh.go": head.format(cgo="") + call,
        }
    elif fault == "library":
        cgo = "#cgo LDFLAGS: -lscales_of_the_shop\n"
        tree = {"native/weigh.c": body, "native/weigh.go": head.format(cgo=cgo) + call}
    elif fault == "flag":
        cgo = "#cgo CFLAGS: -std=gnu++17\n"
        tree = {"native/weigh.c": body, "native/weigh.go": head.format(cgo=cgo) + call}
    else:
        header = (
            "#pragma once\ntypedef struct { int *first; int n; } scale;\nint weigh(scale *s);\n"
        )
        body = '#include "weigh.h"\nint weigh(scale *s) { return *s->first * s->n; }\n'
        call = (
            "// Weigh weighs.\nfunc Weigh(n int) int {\n\tfirst := C.int(n)\n"
            "\ts := &C.scale{n: 2}\n\ts.first = &first\n\treturn int(C.weigh(s))\n}\n"
        )
        tree = {"native/weigh.c": body, "native/weigh.go": head.format(cgo="") + call}
    return tree | {"native/weigh.h": header}


def plant(folder: pathlib.Path, fault: str) -> tuple[dict[str, str], list[str]]:
    """Write the module; the variables and the command that fail in it."""
    for name, text in files(fault).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    env = dict(_FLAGS)
    if fault == "flag":
        env["CC"] = "clang"
    verb = ["go", "run", "."] if fault == "pointer" else ["go", "build", "-trimpath", "./..."]
    return env, verb


def main() -> None:
    """Plant one, and print how it fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument(
        "--fault", default="mangled", choices=("mangled", "library", "pointer", "flag")
    )
    args = parser.parse_args()
    env, argv = plant(args.folder, args.fault)
    print(json.dumps({"files": len(files(args.fault)), "env": env, "argv": argv}))
    os.sync()


if __name__ == "__main__":
    main()
