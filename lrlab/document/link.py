"""A document as the value of a share link: compressed and safe in an address."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from lrlab.document.sentences import DocumentError

MAX_BYTES = 2**20
MAX_LINK = 8 * 1000  # bytes of compressed document


def pack(document: dict[str, Any]) -> str:
    """The value of the link that opens a document; DocumentError above 8 kB."""
    packed = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 9)
    if len(packed) > MAX_LINK:
        size = f"{len(packed):,} bytes of compressed document do not fit into the {MAX_LINK:,} of a link"
        msg = f"the link: {size}; take the file"
        raise DocumentError(msg)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpack(value: str) -> bytes:
    """The text of the document in a link; DocumentError when it was cut short, forged, or holds more than 1 MiB."""
    if len(value) > MAX_LINK * 2:
        msg = f"the link: is longer than the {MAX_LINK:,} bytes that a link carries"
        raise DocumentError(msg)
    try:
        packed = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_BYTES + 1)
    except (ValueError, binascii.Error, zlib.error):
        msg = "the link: is damaged (cut short or changed on its way)"
        raise DocumentError(msg) from None
    if len(text) > MAX_BYTES:
        msg = "the link: unpacks to more than 1 MiB"
        raise DocumentError(msg)
    if not unpacker.eof:
        msg = "the link: is cut short"
        raise DocumentError(msg)
    return text
