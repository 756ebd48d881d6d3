"""The address bar: it carries what the pages remember, and what a person opens, types or goes back to is taken up.

`memory.py` says which of the things that the pages remember are in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st

from lrlab.ui import memory

LAG = 0.4  # seconds for which an address just left may still come in; Back is pressed later than that
REMEMBERED = 8  # addresses just left


class _Seen(NamedTuple):
    """What the address lately said of a part; `left` at the time `when`."""

    written: dict[str, str]
    left: tuple[dict[str, str], ...] = ()
    when: float = 0.0


@dataclass(frozen=True)
class Part:
    """Entries of the address that belong together: `owns` knows their names, `entries` what they should be now."""

    name: str
    owns: Callable[[str], bool]
    entries: Callable[[], dict[str, str]]

    def asked(self) -> dict[str, str]:
        """What the address says of this part."""
        return {name: text for name, text in st.query_params.to_dict().items() if self.owns(name)}

    def gone_to(self) -> bool:
        """Whether a person has gone to this address: a link, or Back.

        A quick hand is ahead of a slow browser, whose next press still comes from an address that the page has left. So
        none counts while the page has something that it has not written yet; nor, for a moment, one that it has just
        left.
        """
        seen, asked = _seen(self), self.asked()
        if seen is None:
            return True
        lags = asked in seen.left and time.monotonic() - seen.when < LAG
        return asked != seen.written and self.entries() == seen.written and not lags

    def taken(self) -> None:
        """What the address asks for has been taken up."""
        seen = _seen(self) or _Seen({})
        _remember(self, seen._replace(written=self.asked()))


def write(*parts: Part) -> None:
    """Let the address carry these parts, in one go, so that Back meets one address for each change."""
    wanted = [(part, part.entries(), _seen(part) or _Seen({})) for part in parts]
    if any(entries != part.asked() or entries != seen.written for part, entries, seen in wanted):
        others = {
            name: text for name, text in st.query_params.to_dict().items() if not any(part.owns(name) for part in parts)
        }
        st.query_params.from_dict(others | {name: text for _, entries, _ in wanted for name, text in entries.items()})
    for part, entries, seen in wanted:
        if entries != seen.written:
            _remember(part, _Seen(entries, (*seen.left, seen.written)[-REMEMBERED:], time.monotonic()))


def _seen(part: Part) -> _Seen | None:
    found: _Seen | None = memory.recall("address").get(part.name)
    return found


def _remember(part: Part, seen: _Seen) -> None:
    st.session_state.address = memory.recall("address") | {part.name: seen}
