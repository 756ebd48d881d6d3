"""The document: a run and the trials on it; how it is read, refused, changed by path and packed into a link."""

from lrlab.document.experiment import COMMENT, Experiment, View, from_link, load, loads, parse
from lrlab.document.link import MAX_BYTES, MAX_LINK
from lrlab.document.paths import Path, assign, value_at
from lrlab.document.sentences import DocumentError, sentence
from lrlab.document.trial import Trial

__all__ = [
    "COMMENT",
    "MAX_BYTES",
    "MAX_LINK",
    "DocumentError",
    "Experiment",
    "Path",
    "Trial",
    "View",
    "assign",
    "from_link",
    "load",
    "loads",
    "parse",
    "sentence",
    "value_at",
]
