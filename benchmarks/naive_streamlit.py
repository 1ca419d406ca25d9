"""The same page in Streamlit: `streamlit run benchmarks/naive_streamlit.py` in an environment that has it.

A fragment runs by itself each two seconds, so that not even the rest of the script is run again.
"""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from benchmarks.naive_market import EVERY_S, curves, positions, step


@st.fragment(run_every=EVERY_S)
def live() -> None:
    at = step()
    times, lines = curves(at)
    drawn = go.Figure([go.Scatter(x=times, y=values, name=name, mode="lines") for name, values in lines.items()])
    st.plotly_chart(drawn.update_layout(title="P&L", uirevision="same", height=420), key="pnl")
    st.dataframe(positions(at), height=1_800)


st.set_page_config(layout="wide")
st.title("Positions")
live()
