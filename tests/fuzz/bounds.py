"""How much is tried: the same few examples at every run, and `BRIA_FUZZ` times as many others when it is set."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SOAK = int(os.environ.get("BRIA_FUZZ", "1"))


def bounded(examples: int = 200) -> settings:
    """So many examples, or `BRIA_FUZZ` times as many, and then others at every run."""
    return settings(
        max_examples=examples * SOAK,
        derandomize=SOAK == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


texts = st.text(st.characters(), max_size=60) | st.text("?&=#%/\\.:;\"'<>@ \0\n0129", max_size=60)
"""Texts of any letters, lone surrogates too, and of those that mean something somewhere."""
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["9" * 5000, 10**400, "2024-13-45T99:99:99Z", "https://h/p?sig=1", 1e308, -0.0]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
"""JSON of any shape."""
