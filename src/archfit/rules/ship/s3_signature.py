"""The S3-compatible store refuses how the client signs or checks its requests

What is wrong
-------------
The store speaks S3, but not in the dialect of this client: `aws-chunked encoding is not
supported`, `XAmzContentSHA256Mismatch`, `SignatureDoesNotMatch`, `Unsupported header
'x-amz-checksum-crc32'`, `Missing required header for this request: Content-MD5`.

Why it happens
--------------
Clients since January 2025 (AWS CLI 2.23, boto3 1.36, SDK for Go v2 s3/v1.73, Java 2.30) send
a checksum with every upload, often as a trailer of a body in `aws-chunked` encoding, and no
Content-MD5; not all stores know STREAMING-UNSIGNED-PAYLOAD-TRAILER. Stores differ in path
style against virtual hosts, in signature v2 against v4 and in the region that is signed. A
proxy between both that changes Host, path, headers or body makes every signature wrong.

Remedy
------
Ask for checksums only where they are required, or upgrade the store; choose the addressing
style and region of the store; let the proxy pass Host and body on untouched. A proxy that adds
x-amz-content-sha256 does not help: it would have to un-chunk the body and sign it again.

References
----------
- AWS, "Signature Calculations for the Authorization Header" (x-amz-content-sha256), "Data
  Integrity Protections for Amazon S3"; botocore (request_checksum_calculation)
- Alibaba OSS, Huawei OBS, Backblaze B2, Cloudflare R2: S3 compatibility
- seaweedfs weed/s3api/s3err, minio cmd/api-errors.go, s3s, versitygw s3err

Limits
------
SignatureDoesNotMatch is also what a mistyped secret key gives; against Amazon's own store that
is the more likely cause, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_CHUNKED = "the store does not take bodies in aws-chunked encoding, which the client's SDK sends"
_TRAILER = "the store does not take checksums in a trailer, which the client's SDK sends"
_SIGNATURE = (
    "the store computes another signature: the request was changed on the way, is signed for "
    "another host, path or region, or with the wrong key"
)
_CHECKSUM = "the store and the client do not agree on the checksum of the body"
_MD5 = "the store wants a Content-MD5 header, and the client's SDK sends another checksum"
_VERSION = "the store does not take this version of signature"
_STYLE = "the store wants the bucket in the host name, the client puts it into the path"
TEXTS = (
    Text(
        "aws-chunked encoding is not supported",
        _CHUNKED,
        "Alibaba Cloud OSS (InvalidArgument)",
        confidence=0.98,
    ),
    Text(
        "aws-chunked",
        _CHUNKED,
        "stores of all sorts",
        r"aws-chunked[^\n]{0,80}(?:not (?:been )?(?:supported|implemented)|unsupported|invalid)|"
        r"(?i:(?:unsupported|not support(?:ed)?|unknown|invalid)[^\n]{0,80}aws-chunked)",
        0.95,
    ),
    Text(
        "chunked encoding not supported",
        _CHUNKED,
        "Oracle Cloud Object Storage (NotImplemented: AWS chunked encoding not supported.)",
        r"AWS chunked encoding not supported",
        0.96,
    ),
    *(
        Text(
            needle,
            _TRAILER,
            "AWS signature v4 (x-amz-content-sha256), as stores and proxies print it",
            confidence=0.8,
        )
        for needle in (
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        )
    ),
    Text(
        "XAmzContentSHA256Mismatch",
        "the store does not accept the x-amz-content-sha256 that was sent",
        "MinIO, s3s, versitygw, OBS (error code XAmzContentSHA256Mismatch)",
        confidence=0.95,
    ),
    Text(
        "x-amz-content-sha256",
        "the store does not accept the x-amz-content-sha256 that was sent",
        "versitygw, MinIO, RGW, OBS (header missing, invalid or not what the body has)",
        r"(?i)(?:invalid|missing|unsupported|unknown header|mismatch|does not match|must be"
        r"|malformed)[^\n]{0,100}x-amz-content-sha256|x-amz-content-sha256[^\n]{0,100}"
        r"(?:invalid|missing|unsupported|mismatch|match|must be|not supported|is required)",
        0.92,
    ),
    Text(
        "XAmzContentChecksumMismatch",
        _CHECKSUM,
        "MinIO cmd/api-errors.go",
        confidence=0.93,
    ),
    Text(
        "checksum sent",
        _CHECKSUM,
        "MinIO (Invalid arguments provided: invalid/unknown checksum sent)",
        r"(?:invalid/unknown|unsupported|unknown) checksum sent",
        0.93,
    ),
    Text(
        "IncompleteBody",
        "the store counts the bytes of an aws-chunked body otherwise than the client",
        "Amazon S3 error codes (You did not provide the number of bytes specified by ...)",
        r"\(?IncompleteBody\)?",
        0.62,
    ),
    Text(
        "Unsupported header",
        "the store does not know the checksum header that the client's SDK sends",
        "Backblaze B2 (Unsupported header 'x-amz-checksum-crc32' received for this API call)",
        r"Unsupported header '?(?P<header>x-amz-(?:checksum|sdk-checksum|trailer)[\w-]{0,40})",
        0.97,
    ),
    Text(
        "x-amz-sdk-checksum-algorithm",
        _CHECKSUM,
        "stores of all sorts (x-amz-sdk-checksum-algorithm)",
        r"(?i)(?:invalid|unsupported|not implemented|not supported|missing)[^\n]{0,120}"
        r"x-amz-sdk-checksum-algorithm|x-amz-sdk-checksum-algorithm[^\n]{0,120}"
        r"(?:invalid|unsupported|not implemented|not supported|specified)",
        0.93,
    ),
    *(
        Text(
            needle,
            _CHECKSUM,
            "stores of all sorts (x-amz-checksum-*)",
            r"(?i)(?:value for|invalid|unsupported|not supported|not implemented|mismatch)"
            r"[^\n]{0,100}x-amz-checksum-\w{3,9}|"
            r"x-amz-checksum-\w{3,9}[^\n]{0,100}(?:invalid|unsupported|not |mismatch)",
            0.92,
        )
        for needle in ("x-amz-checksum", "X-Amz-Checksum")
    ),
    *(
        Text(needle, _TRAILER, "stores (x-amz-trailer)", confidence=0.9)
        for needle in (
            "Streaming trailer block is malformed",
            "trailing checksum is not supported",
            "trailing checksums are not supported",
            "MalformedTrailer",
            "The request contained trailing data that was not well-formed",
        )
    ),
    Text(
        "MissingContentLength",
        "the store wants a Content-Length, which a chunked upload does not have",
        "Amazon S3 error codes (You must provide the Content-Length HTTP header)",
        confidence=0.85,
    ),
    Text(
        "unseekable stream",
        "the client can't compute the checksum of a stream without TLS",
        "AWS SDK for Go v2 service/internal/checksum, aws/signer/v4 (unseekable stream is not "
        "supported without TLS and trailing checksum)",
        r"unseekable stream is not supported",
        0.9,
    ),
    *(
        Text(
            needle,
            _MD5,
            "Amazon S3 (InvalidRequest: Missing required header for this request), GCS, OSS",
            r"(?i)missing (?:a )?(?:required )?header[^\n]{0,60}content-md5|MissingContentMD5|"
            r"content-md5[^\n]{0,40}(?:is )?(?:missing|required)",
            0.93,
        )
        for needle in ("Content-MD5", "Content-Md5", "content-md5", "MissingContentMD5")
    ),
    Text(
        "authorization mechanism you have provided is not supported",
        _VERSION,
        "Amazon S3 and others (Please use AWS4-HMAC-SHA256)",
        confidence=0.94,
    ),
    Text(
        "signature version",
        _VERSION,
        "stores and proxies",
        r"(?i)signature version[^\n]{0,40}(?:not supported|unsupported|no longer)|"
        r"unsupported signature version",
        0.9,
    ),
    Text(
        "AWS authentication requires a valid Date or",
        _VERSION,
        "Amazon S3 and others on signature version 2 (AccessDenied; requires ... x-amz-date)",
        confidence=0.82,
    ),
    Text(
        "SignatureVersionNotSupported",
        _VERSION,
        "MinIO, seaweedfs (ErrSignatureVersionNotSupported)",
        confidence=0.93,
    ),
    Text("SignatureDoesNotMatch", _SIGNATURE, "Amazon S3 error codes", confidence=0.82),
    Text(
        "request signature we calculated does not match",
        _SIGNATURE,
        "Amazon S3 error codes (SignatureDoesNotMatch)",
        confidence=0.82,
    ),
    Text("SignatureNotMatch", _SIGNATURE, "stores of all sorts", confidence=0.8),
    Text(
        "chunk-signature=",
        "the store wrote the chunks' heads of aws-chunked encoding into the object",
        "AWS signature v4, streaming (SIZE;chunk-signature=...)",
        r"[0-9a-f]{1,8};chunk-signature=",
        0.88,
    ),
    Text(
        "AuthorizationHeaderMalformed",
        "the region that was signed is not the store's",
        "Amazon S3, MinIO, Garage, R2 (the region 'X' is wrong; expecting 'Y')",
        r"AuthorizationHeaderMalformed",
        0.75,
    ),
    Text(
        "Checksum Type mismatch occurred",
        _CHECKSUM,
        "Amazon S3 (InvalidRequest: expected checksum Type: null, actual checksum Type: crc32)",
        confidence=0.9,
    ),
    Text(
        "InvalidChunkSizeError",
        _CHUNKED,
        "Amazon S3 error codes",
        confidence=0.88,
    ),
    Text(
        "Expected checksum",
        _CHECKSUM,
        "botocore httpchecksum.py (FlexibleChecksumError)",
        r"Expected checksum \S{1,100} did not match calculated checksum",
        0.88,
    ),
    Text(
        "Client calculated content hash",
        _CHECKSUM,
        "AWS SDK for Java v1 (Unable to verify integrity of data upload)",
        confidence=0.85,
    ),
    *(
        Text(
            needle,
            _CHECKSUM,
            "Amazon S3 error codes (BadDigest), MinIO",
            confidence=0.8,
        )
        for needle in (
            "did not match what we received",
            "did not match the calculated checksum",
            "provided 'x-amz-content-sha256' header does not match what was computed",
        )
    ),
    Text(
        "A header you provided implies functionality",
        "the store does not implement what a header of the client's SDK asks for",
        "Amazon S3 error codes (NotImplemented), RGW, R2, Ozone",
        r"A header you provided implies functionality that is not implemented",
        0.8,
    ),
    Text(
        "PathStyleDomainForbidden",
        _STYLE,
        "Tencent COS",
        confidence=0.72,
    ),
    Text(
        "SecondLevelDomainForbidden",
        _STYLE,
        "Alibaba Cloud OSS (must be addressed using OSS third level domain)",
        confidence=0.8,
    ),
    Text(
        "third level domain",
        _STYLE,
        "Alibaba Cloud OSS",
        r"must be addressed using OSS third level domain",
        0.8,
    ),
    Text("VirtualHostDomainRequired", _STYLE, "Huawei OBS", confidence=0.8),
)
#: Some request failed.
_FAILS = (
    "rror",
    "ailed",
    "status 4",
    "status 5",
    "StatusCode: 4",
    "StatusCode: 5",
    " 400 ",
    " 403 ",
    " 501 ",
    "not supported",
    "unsupported",
    "not implemented",
)
#: The key is wrong, the clock is, or access is denied: no matter of dialect.
_OTHERS = ("InvalidAccessKeyId", "RequestTimeTooSkewed", "ExpiredToken", "InvalidToken")
_PLAIN = (_SIGNATURE,)
_DIALECT = ("aws-chunked", "STREAMING-", "x-amz-checksum", "x-amz-trailer", "x-amz-content-sha256")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The name of an encoding counts where a request failed; a signature that does not match is
    the store's dialect only where the store is not Amazon's."""
    best = surest(hits)
    confidence = best.text.confidence
    if best.text.says == _TRAILER and confidence == 0.8:
        if not log.has(*_FAILS):
            return
        confidence = 0.9 if log.has("not supported", "not implemented", "nsupported") else 0.82
    if best.text.says == _SIGNATURE:
        if log.has(*_OTHERS) or (_amazon(log) and not log.has(*_DIALECT)):
            return
        confidence = 0.9 if log.says(*_DIALECT, "proxy", "nginx", "endpoint") else confidence
    if best.text.needle.startswith("A header you") and not log.says(
        *_DIALECT, "Transfer-Encoding", "PutObject", "UploadPart", "checksum"
    ):
        confidence = 0.65
    yield said(best, hits, remedies=_mend(best, log), confidence=confidence)


def _amazon(log: Log) -> bool:
    return log.says("amazonaws.com") and not log.says("endpoint-url", "endpoint_url", "proxy")


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    says = hit.text.says
    when = (
        "AWS_REQUEST_CHECKSUM_CALCULATION=when_required "
        "AWS_RESPONSE_CHECKSUM_VALIDATION=when_required COMMAND"
    )
    if says == _STYLE:
        yield Remedy(
            "Address the bucket by host name",
            "aws configure set default.s3.addressing_style virtual",
            verify="aws --debug s3 ls 2>&1 | grep -i host",
        )
        return
    if says == _VERSION:
        yield Remedy(
            "Sign with version 4",
            "aws configure set default.s3.signature_version s3v4",
            verify="aws --debug s3 ls 2>&1 | grep AWS4-HMAC-SHA256",
        )
    if says == _SIGNATURE:
        yield Remedy(
            "A proxy must pass Host, path and body on unchanged",
            "proxy_set_header Host $http_host;  # nginx; and no path of its own",
            verify="send the same request to the store directly",
        )
        yield Remedy(
            "Use the store's addressing style and region",
            "aws configure set default.s3.addressing_style path",
            verify="aws --endpoint-url URL s3api list-buckets",
        )
    yield Remedy(
        "Let the SDK send checksums only where they are required (or pin an SDK from before "
        "January 2025)",
        when,
        safe=True,
        verify="aws --debug ... 2>&1 | grep -i -E 'x-amz-(content-sha256|trailer|checksum)'",
    )
    yield Remedy(
        "Upgrade the store to a release that takes STREAMING-UNSIGNED-PAYLOAD-TRAILER "
        "(MinIO, seaweedfs, Ceph RGW, Garage have them)"
    )


RULE = Rule("ship.s3-signature", texts=TEXTS, weigh=weigh)
