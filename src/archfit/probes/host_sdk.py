"""macOS: the developer tools in use and their SDK.

`xcode-select -p` fails without tools and opens nothing; `xcrun` would offer to install
them, so it is asked only when the folder is there (xcode-select(1), xcrun(1)).
"""

from __future__ import annotations

from archfit.facts.host import DEVELOPER_DIR, OS, SDK
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Nothing elsewhere than on macOS. Raises Unavailable when there are no tools."""
    if OS.of(facts) != "darwin":
        return
    answer = door.run(["xcode-select", "-p"])
    folder = answer.out.strip()
    if answer.status != 0 or not folder or not door.is_dir(folder):
        raise Unavailable("no developer tools are installed", "xcode-select --install")
    facts[DEVELOPER_DIR.name] = Fact(folder, Trust.REPORTED, "xcode-select -p")
    sdk = door.run(["xcrun", "--show-sdk-version"], 20.0)
    if sdk.status == 0 and sdk.out.strip():
        facts[SDK.name] = Fact(sdk.out.strip(), Trust.REPORTED, "xcrun --show-sdk-version")


PROBE = HostProbe(
    name="host_sdk", gives=(DEVELOPER_DIR, SDK), run=run, after=("host_machine",), costly=True
)
