"""Compiles the inner loops of `archfit crash symbolize`, where a C compiler is at hand.

Without one the package installs all the same and runs them in Python, with the same answers.
`ARCHFIT_NO_COMPILE=1` leaves it out on purpose.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Runs the C compiler once; what fails is left out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the compiled module to the wheel, or to the source tree of an editable install."""
        if (
            os.environ.get("ARCHFIT_NO_COMPILE")
            or self.target_name != "wheel"
            or os.name != "posix"
        ):
            return
        room = Path(self.root) / "src" / "archfit" / "formats"
        out = room / "_walk.abi3.so"
        config = sysconfig.get_config_vars()
        compiler = shlex.split(os.environ.get("CC") or config.get("CC") or "cc")
        shared = (
            ["-bundle", "-undefined", "dynamic_lookup"]
            if os.uname().sysname == "Darwin"
            else ["-shared"]
        )
        command = [*compiler, "-O2", "-fPIC", *shared, f"-I{sysconfig.get_path('include')}",
                   "-o", str(out), str(room / "_walk.c")]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            return
        if done.returncode:
            self.app.display_warning("without a C compiler for Python the slower loops are used")
            return
        build_data["artifacts"].append("src/archfit/formats/_walk.abi3.so")
        build_data["pure_python"] = False
        tag = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{tag}"
