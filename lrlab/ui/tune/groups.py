"""The parameter groups of the trial being shaped: one rate, some rates, or rates that fall from layer to layer."""

from __future__ import annotations

import streamlit as st

from lrlab.document.trial import MAX_GROUPS
from lrlab.ui import state
from lrlab.ui.widgets import ask_whole, escape

_ONE, _TWO, _LAYERS, _LIST = "one group", "backbone and head", "layer-wise decay", "a list"


def show() -> None:
    """A popover that makes one group, two, or one a layer of them."""
    popover = st.popover("Groups", type="tertiary", icon=":material/account_tree:", key="groups", on_change="rerun")
    if not popover.open:
        return
    with popover:
        rates = state.trial().base_rates
        st.caption("Parameter groups, each with a base rate of its own.")
        how = st.segmented_control(
            "Rates",
            (_ONE, _TWO, _LAYERS, _LIST),
            key="groups.how",
            default=_TWO if len(rates) == 1 else _ONE,
            required=True,
        )
        try:
            wanted = _wanted(str(how), max(rates))
        except ValueError:
            st.caption(":red[Numbers with commas between them, such as 0.01, 0.1]")
            return
        text = ", ".join(f"{rate:.4g}" for rate in (wanted if isinstance(wanted, list) else [wanted])[:6])
        more = f" … {wanted[-1]:.4g} ({len(wanted)} groups)" if isinstance(wanted, list) and len(wanted) > 6 else ""  # noqa: PLR2004
        st.caption(f"base_lr: {escape(text + more)}")
        st.button("Use them", key="groups.use", type="primary", on_click=_use, args=(wanted,))


def _use(rates: float | list[float]) -> None:
    if state.set_groups(rates) is None:
        st.session_state.groups = False


def _wanted(how: str, head: float) -> float | list[float]:
    """The rates that were asked for; the last group is the head."""
    if how == _ONE:
        return head
    if how == _LIST:
        return [
            float(part)
            for part in st.text_input(
                "rates, with commas between them", f"{head:g}, {head:g}", key="groups.list"
            ).split(",")
        ]
    if how == _TWO:
        share = st.number_input(
            "the backbone's share of the head's rate", 0.0, 1.0, 0.1, step=0.05, key="groups.share", format="%.4g"
        )
        return [_round(head * share), head]
    factor = st.number_input(
        "decay from layer to layer", 0.01, 1.0, 0.75, step=0.05, key="groups.factor", format="%.4g"
    )
    depth = ask_whole("layers below the head", 1, MAX_GROUPS - 1, 12, "groups.depth")
    return [_round(head * factor ** (depth - layer)) for layer in range(depth)] + [head]


def _round(rate: float) -> float:
    return float(f"{rate:.12g}")
