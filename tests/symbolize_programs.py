"""Programs in C, C++ and Rust with debug information of every kind, for tests of symbolising."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from toolbox import need_tool

C = """\
#include <stdlib.h>
static inline __attribute__((always_inline)) int inner(int x) { return x * rand() + 1; }
static inline __attribute__((always_inline)) int middle(int x) {
  return inner(x) + inner(x + 1);
}
__attribute__((noinline)) int work(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += middle(i);
  return sum;
}
int main(int argc, char **argv) { return work(argc) + middle(argc); }
"""

CPLUSPLUS = """\
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>
namespace shapes {
template <typename T> struct Stack {
  std::vector<T> items;
  void push(const T &x) { items.push_back(x); }
  T pop() { T x = items.back(); items.pop_back(); return x; }
};
struct Base { virtual ~Base() {} virtual int area() const = 0; };
struct Square : Base {
  int side;
  explicit Square(int side) : side(side) {}
  int area() const override { return side * side; }
};
template <typename A, typename B> static auto combine(A a, B b) { return a * 3 + b; }
}
static int most(const std::string &text) {
  std::map<char, int> seen;
  for (char c : text) seen[c]++;
  int best = 0;
  for (auto &pair : seen) best = std::max(best, pair.second);
  return best;
}
int main(int argc, char **argv) {
  shapes::Stack<std::string> names;
  for (int i = 0; i < argc + 3; i++) names.push(argv[0] + std::to_string(i));
  std::vector<shapes::Base *> all;
  for (int i = 0; i < 5; i++) all.push_back(new shapes::Square(i));
  std::sort(all.begin(), all.end(), [](auto *a, auto *b) { return a->area() > b->area(); });
  int sum = 0;
  for (auto *base : all) sum += shapes::combine(base->area(), 2);
  while (!names.items.empty()) sum += most(names.pop());
  std::printf("%d\\n", sum);
  for (auto *base : all) delete base;
  return 0;
}
"""

RUST = """\
use std::collections::HashMap;
fn fold<T: Iterator<Item = u64>>(it: T) -> u64 { it.fold(1, |a, b| a.wrapping_mul(b) ^ 7) }
fn main() {
    let mut seen = HashMap::new();
    for word in std::env::args() { *seen.entry(word.len()).or_insert(0u64) += 1; }
    println!("{} {:?}", fold(seen.values().copied()), seen);
}
"""


def compile_c(folder: Path, *flags: str, compiler: str = "gcc") -> Path:
    """The C program, linked, as ``folder/program``."""
    return _compile(folder, "source.c", C, need_tool(compiler), flags)


def compile_cplusplus(folder: Path, *flags: str, compiler: str = "g++") -> Path:
    """The C++ program."""
    return _compile(folder, "source.cpp", CPLUSPLUS, need_tool(compiler), flags)


def compile_rust(folder: Path) -> Path | None:
    """The Rust program; None: there is no rustc here."""
    rustc = shutil.which("rustc")
    if rustc is None:
        return None
    (folder / "source.rs").write_text(RUST)
    out = folder / "rust"
    _run([rustc, "-O", "-g", "source.rs", "-o", str(out)], folder)
    return out


def _compile(folder: Path, name: str, text: str, compiler: str, flags: tuple[str, ...]) -> Path:
    (folder / name).write_text(text)
    # In two steps, for -gsplit-dwarf: the .dwo stands beside the object.
    _run([compiler, *flags, "-c", name, "-o", "object.o"], folder)
    _run([compiler, *flags, "object.o", "-o", "program"], folder)
    return folder / "program"


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
