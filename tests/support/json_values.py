"""Hypothesis strategies for JSON values that Attune can store."""

from hypothesis import strategies as st

from attune.domain.json import Json, JsonObject

texts = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)
scalars: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=12,
)
objects: st.SearchStrategy[JsonObject] = st.dictionaries(texts, values, max_size=4)
