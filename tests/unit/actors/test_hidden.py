"""What keeps secrets from coming back with an answer."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.secret_values import Hidden

SECRET = 'p\u00e4ss w"rd/+&\\x'


@pytest.mark.parametrize(
    "form",
    [str, lambda text: json.dumps(text), lambda text: json.dumps({"a": text}, ensure_ascii=False), quote, quote_plus,
     lambda text: quote(text, safe=""), lambda text: urlencode({"q": text}),
     lambda text: base64.b64encode(text.encode()).decode()],
)  # fmt: skip
def test_forms_in_which_secrets_travel(form: Any) -> None:
    hidden = Hidden()
    hidden.add(SECRET)
    for answer in ({"a": [f"x{form(SECRET)}y", 1, None]}, {form(SECRET): 1}):
        assert form(SECRET)[1:-1] not in json.dumps(hidden.clean(answer), ensure_ascii=False)
    assert form(SECRET).encode()[1:-1] not in hidden.clean(b"x" + form(SECRET).encode())


def test_members_that_are_no_secrets_stay() -> None:
    hidden = Hidden()
    client = {"id": "the-client", "secret": "client-secret", "assertion": "signed-text"}
    hidden.add({"authority": "https://idp.example", "grant": "password", "password": "hunter22", "client": client})
    told = "https://idp.example refused the-client: hunter22, client-secret, signed-text (password)"
    assert hidden.clean(told) == "https://idp.example refused the-client: ***, ***, *** (password)"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_without_secrets_nothing_changes(value: Any) -> None:
    hidden = Hidden()
    hidden.add(["", "abc", None, 7])
    assert hidden.clean(value) is value
