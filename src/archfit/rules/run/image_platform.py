"""The container image has no such platform, or another one was taken

What is wrong
-------------
An image is an index of manifests, one a platform. The one that is asked for is not in
it: `no matching manifest for linux/arm64/v8 in the manifest list entries`, `no match for
platform in manifest`; or another one was taken and is then started: `The requested
image's platform (linux/amd64) does not match the detected host platform`.

Why it happens
--------------
The image was built and pushed for one platform only (from a laptop with Apple Silicon
for servers that are amd64, or the reverse); a tag or a digest names one platform's
manifest; the local store holds another platform under the same tag.

Remedy
------
Build and push it for all platforms that run it, or ask for one that it has.

References
----------
- OCI image index specification, `platform`
- containerd core/images (ErrNotFound: no match for platform in manifest), moby
  daemon/containerd and distribution/pull_v2.go, containers/image (no image found in
  image index for architecture)

Limits
------
What an image offers is not looked up: that takes the registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest
from archfit.rules.start_failure import ENOEXEC

_PLATFORM = r"(?P<want>[a-z]{2,10}/[\w/.-]{1,40})"
TEXTS = (
    Text(
        "no matching manifest for",
        "the image has no manifest for {want}",
        "moby distribution/pull_v2.go, podman",
        r"no matching manifest for (?P<want>[\w/.() -]{3,80}?)"
        r"(?: in the manifest list|[\s,:\"\\]|$)",
        0.96,
    ),
    Text(
        "No matching manifest for",
        "the image has no manifest for {want}",
        "docker compose and reports, which begin the sentence with a capital",
        r"No matching manifest for (?P<want>[a-z]{2,10}/[\w/.-]{2,40})",
        0.95,
    ),
    Text(
        "no match for platform in manifest",
        "the image has no manifest for the platform that is asked for",
        "containerd core/images, BuildKit",
        r"(?:(?P<image>[\w./:@-]{3,200}): )?no match for platform in manifest",
        0.96,
    ),
    Text(
        "no image found in",
        "the image's index has nothing for {want}",
        "containers/image (podman, skopeo, buildah)",
        r"no image found in (?:manifest list|image index) for architecture \\{0,2}\"?"
        r"(?P<want>[\w-]{2,20})",
        0.96,
    ),
    Text(
        "does not match the specified platform",
        "the image that is here is for {have}, asked for was {want}",
        "moby daemon/images (image with reference ... was found but ...)",
        r"does not match the specified platform: wanted:? (?P<want>[\w/.-]{3,40}),? ?"
        r"actual:? (?P<have>[\w/.-]{3,40})",
        0.95,
    ),
    Text(
        "does not provide the specified platform",
        "the image that is here is not for {want}",
        "moby daemon/containerd (image with reference ... was found but ...)",
        r"does not (?:provide|match) the specified platform(?: \((?P<want>[\w/.-]{3,40})\))?",
        0.95,
    ),
    Text(
        "does not match the detected host platform",
        "the image is for {have}, the host is {want}",
        "docker CLI (The requested image's platform ...)",
        r"platform \((?P<have>[\w/.]{3,40})\) does not match the detected host platform "
        r"\((?P<want>[\w/.]{3,40})\)",
        0.6,
    ),
    Text(
        "does not match the expected platform",
        "the image is for {have}, the host is {want}",
        "podman and buildah (WARNING: image platform ...)",
        r"platform \(?\[?(?P<have>[\w/.]{3,40})\]?\)? does not match the expected platform "
        r"\(?\[?(?P<want>[\w/.]{3,40})",
        0.6,
    ),
    Text(
        "descriptor matching platform",
        "the image's manifest has nothing for {want}",
        "AWS ECS and Fargate (CannotPullContainerError)",
        r"does not contain descriptor matching platform '?(?P<want>[\w/.-]{3,40})",
        0.96,
    ),
    Text(
        "must support",
        "the image has no manifest for {want}, which the service runs",
        "Google Cloud Run",
        r"manifest type '?[\w./+-]{1,80}'? must support (?P<want>[\w/]{3,30})",
        0.96,
    ),
    Text(
        "cannot be used on this platform",
        "the image is for another operating system",
        "moby distribution (image operating system ... cannot be used on this platform)",
        r"(?:image )?(?:operating system|architecture) \\{0,2}\"?(?P<have>[\w/-]{2,20})\\{0,2}\"? "
        r"cannot be used on this platform",
        0.96,
    ),
    Text(
        "container operating system does not match the host operating system",
        "the Windows image is for another Windows release than the host's",
        "Windows HCS (0xc0370101)",
        confidence=0.93,
    ),
    Text(
        "platform",
        "the image has no manifest for {want}",
        "kaniko, buildpacks, Lambda, Fly, k3s, apptainer: registry clients (go-containerregistry)",
        r"(?:no child with platform|no matching (?:image|platform)|not (?:find|found) (?:an? )?"
        r"(?:image|manifest) (?:for|with) (?:the )?platform|image (?:does not|doesn't) (?:support|"
        r"have)[^\n]{0,40}platform|unsupported image platform|incompatible image platform)[: ]{0,2}"
        r"(?P<want>[a-z]{2,10}/[\w/.-]{2,30})?",
        0.88,
    ),
    Text(
        "InvalidBaseImagePlatform",
        "the base image was taken for {have}, expected was {want}",
        "BuildKit frontend/dockerfile/linter",
        r"with platform \\{0,2}\"(?P<have>[\w/.]{3,40})\\{0,2}\", expected \\{0,2}\""
        r"(?P<want>[\w/.]{3,40})",
        0.6,
    ),
    *ENOEXEC,
)
_WARNINGS = (
    "does not match the detected host platform",
    "does not match the expected platform",
    "InvalidBaseImagePlatform",
)
_BINFMT = ("/binfmt --", "binfmt_misc", "qemu-user-static", "update-binfmts", "setup-qemu-action")
#: What follows when an image of another platform is started.
_DEADLY = (
    "xec format error",
    "cannot execute binary file",
    "exited with code",
    "no such file or directory",
    "Back-off restarting",
    "CrashLoopBackOff",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A refusal is sure. A warning alone is none: it counts when the start then fails."""
    own = [hit for hit in hits if hit.text not in ENOEXEC]
    sure = [hit for hit in own if hit.text.needle not in _WARNINGS]
    if sure:
        best = surest(sure)
        yield said(best, own, remedies=_mend(best, log))
    elif own and (len(own) < len(hits) or log.has(*_DEADLY)):
        best = surest(own)
        yield said(
            best,
            hits,
            message=best.text.says.format(
                have=best.group("have", "another platform"), want=best.group("want", "another")
            )
            + ": its programs can't be started here",
            remedies=_mend(best, log),
            # A translator that was to be there, and is not, is nearer.
            confidence=0.55 if log.has(*_BINFMT) else 0.86 if len(own) < len(hits) else 0.7,
        )


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    want, have = hit.group("want").strip(), hit.group("have")
    image = hit.group("image") or "IMAGE"
    target = want if "/" in want else f"linux/{want}" if want else "linux/amd64,linux/arm64"
    yield Remedy(
        f"Build and push the image for {target}",
        f"docker buildx build --platform {target} -t {image} --push .",
        verify=f"docker buildx imagetools inspect {image}",
    )
    other = have or ("linux/amd64" if "arm" in want else "")
    if other and log.says("docker", "compose", "Docker", "podman"):
        yield Remedy(
            f"Or run the {other} image translated (needs qemu or Rosetta; slower)",
            f"docker run --platform {other} {image}",
            safe=True,
            verify=f"docker image inspect {image} --format '{{{{.Os}}}}/{{{{.Architecture}}}}'",
        )
    if have:
        yield Remedy(
            "The local store keeps one platform a tag: pull the right one again",
            f"docker pull --platform {want or 'PLATFORM'} {image}",
        )


RULE = Rule("run.image-platform", texts=TEXTS, weigh=weigh, yields_to=("ship.admission-arch",))
