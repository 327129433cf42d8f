"""What tests share: outside tools, found or skipped by name."""

from __future__ import annotations

import os
import shutil

import pytest


def need_tool(*names: str) -> str:
    """The path of the first of these tools that is there.

    Absent: the test is skipped by name on a user's machine and fails with CI=true,
    so that a green CI never hides a missing tool.
    """
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    missing = f"needs {' or '.join(names)}, which is not on PATH"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
