"""The parameters of a request: each once, strict, bounded."""

from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import ErrorCode, OAuthError
from broker.core.parameters import LONGEST, LONGEST_NAME, LONGEST_VALUE, MOST_PARAMETERS, Parameters

bounded = settings(max_examples=60, deadline=None)

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
VALUES = st.text(max_size=60)


def refusal(encoded: bytes) -> str:
    with pytest.raises(OAuthError) as error:
        Parameters.parse(encoded)
    assert error.value.code is ErrorCode.INVALID_REQUEST
    return error.value.description


@bounded
@given(st.dictionaries(NAMES, VALUES, max_size=MOST_PARAMETERS))
def test_what_was_encoded_is_read_once(values: dict[str, str]):
    """Any values come out as they went in: decoded exactly once, percent signs, emoji and empty ones too."""
    assert dict(Parameters.parse(urlencode(values).encode())) == values


@bounded
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(raw: bytes):
    """Whatever bytes come, the outcome is parameters or invalid_request, in public words that are safe to show."""
    for encoded in (raw, f"x={quote_from_bytes(raw)}".encode()):
        refused = outcome(encoded)
        if isinstance(refused, OAuthError):
            assert refused.code is ErrorCode.INVALID_REQUEST
            assert refused.description.isascii()
            assert "%" not in refused.description


def outcome(encoded: bytes) -> Parameters | OAuthError:
    try:
        return Parameters.parse(encoded)
    except OAuthError as error:
        return error


@pytest.mark.parametrize(
    "encoded",
    [
        *(
            b"state=a&state=b",
            b"state=a&state=a",
            b"state=&state=a",
            b"state=a&State=b",
            b"state=a&state[]=b",
        ),
        *(b"state=a&st%61te=b", b"a=1&b=2&state=a&STATE[]=b"),
    ],
)
def test_a_repeated_name_is_refused_whole(encoded: bytes):
    """A name that comes twice is refused, in whatever spelling another reader might take for the same."""
    assert refusal(encoded) == "state is given more than once"


@pytest.mark.parametrize("encoded", [b"x=%ff", b"x=%c0%80", b"x=%ed%a0%80", b"%ff=x", "x=é".encode()])
def test_only_percent_encoded_utf_8(encoded: bytes):
    """Bytes that are not strict UTF-8, percent-encoded, are refused: overlong, surrogate, raw."""
    assert refusal(encoded) == "the parameters are not percent-encoded UTF-8"


@pytest.mark.parametrize(("name", "most"), [*LONGEST.items(), ("anything_else", LONGEST_VALUE)])
def test_a_value_has_its_limit_in_bytes(name: str, most: int):
    """A value of exactly its limit passes, one byte more does not, counted in bytes and not in characters."""
    assert Parameters.parse(urlencode({name: "x" * most}).encode())[name] == "x" * most
    assert refusal(urlencode({name: "x" * (most + 1)}).encode()) == f"{name} is longer than {most} bytes"
    assert refusal(urlencode({name: "é" * (most // 2 + 1)}).encode()) == f"{name} is longer than {most} bytes"


def test_names_and_numbers_have_their_limit():
    """A name of 64 characters and 32 parameters pass; one more of either does not."""
    assert len(Parameters.parse(b"&".join(b"p%d=1" % n for n in range(MOST_PARAMETERS)))) == MOST_PARAMETERS
    assert "more than" in refusal(b"&".join(b"p%d=1" % n for n in range(MOST_PARAMETERS + 1)))
    assert Parameters.parse(b"n" * LONGEST_NAME + b"=1")
    assert "name is too long" in refusal(b"n" * (LONGEST_NAME + 1) + b"=1")


def test_ten_thousand_parameters_cost_nothing():
    """A flood of parameters is refused at the count, before any is looked at."""
    assert "more than" in refusal(b"&".join(b"p%d=1" % n for n in range(10_000)))


@pytest.mark.parametrize("name", ["<script>", "a b", "a\nb", "\u202e", "a%41"])
def test_an_odd_name_is_not_shown_back(name: str):
    """A refusal names only what a client could have meant, never markup, line breaks or percent signs."""
    twice = urlencode([(name, "1"), (name, "2")]).encode()
    assert refusal(twice) == "a parameter is given more than once"


@pytest.mark.parametrize("encoded", [b"", b"code=", b"other=x"])
def test_a_required_parameter_is_there_and_not_empty(encoded: bytes):
    """Missing and empty are alike for a required parameter, and its name is told."""
    with pytest.raises(OAuthError, match="code is missing"):
        Parameters.parse(encoded).required("code")
