"""What lrlab wrote itself: a document, or an exported file that carries one.

The exported file has it in a comment, or under a key of its own.
"""

from __future__ import annotations

import json

from lrlab.document import COMMENT, MAX_BYTES, DocumentError, Experiment, loads


def read(content: str | bytes) -> Experiment:
    """The experiment of a JSON document or of exported code; nothing of the code is run.

    DocumentError with one sentence when there is none.
    """
    raw = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    if len(raw) > MAX_BYTES:
        msg = "the document: is larger than 1 MiB"
        raise DocumentError(msg)
    for line in map(bytes.lstrip, raw.splitlines()):
        if line.startswith(COMMENT.encode()):
            return loads(line[len(COMMENT) :])
    return loads(_inside(raw) or raw)


def _inside(raw: bytes) -> str:
    """The document that a configuration holds under its key "lrlab"; nothing where there is none.

    In a document itself that key holds the version.
    """
    try:
        own = json.loads(raw)["lrlab"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    return json.dumps(own.get("document", own)) if isinstance(own, dict) else ""
