"""Addresses as feeds give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.images.addresses import Address, AddressRules, BadAddress, parse, parse_hosts, split_list
from vitrina.images.reasons import Reason

PLAIN = AddressRules()
CDN = AddressRules(cdn_prefix="https://cdn.shop.com/media/")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.com/1.jpg", "https://a.com/1.jpg"),
        ("  https://a.com/1.jpg\n", "https://a.com/1.jpg"),
        ("//a.com/1.jpg", "https://a.com/1.jpg"),
        ("HTTP://A.com:80/1.jpg#x", "http://a.com/1.jpg"),
        ("https://a.com", "https://a.com/"),
        ("https://a.com/b c.jpg", "https://a.com/b%20c.jpg"),
        ("https://a.com/b%20c.jpg", "https://a.com/b%20c.jpg"),
        ("https://a.com/платье.jpg?v=й", "https://a.com/%D0%BF%D0%BB%D0%B0%D1%82%D1%8C%D0%B5.jpg?v=%D0%B9"),
        ("https://фото.рф/1.jpg", "https://xn--n1aalg.xn--p1ai/1.jpg"),
        ("https://a.com./1.jpg", "https://a.com/1.jpg"),
        ("https://a.com/w_300,h_300/1.jpg", "https://a.com/w_300,h_300/1.jpg"),
        ("https://a.com/1.jpg?a=1&b=2/3", "https://a.com/1.jpg?a=1&b=2/3"),
    ],
)
def test_addresses_are_made_askable(text: str, url: str) -> None:
    assert parse(text, PLAIN).url == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.BAD_URL),
        ("1.jpg", Reason.BAD_URL),
        ("/img/1.jpg", Reason.BAD_URL),
        ("data:image/png;base64,AAAA", Reason.BAD_URL),
        ("file:///etc/passwd", Reason.BAD_URL),
        ("ftp://a.com/1.jpg", Reason.BAD_URL),
        ("gopher://a.com/", Reason.BAD_URL),
        ("javascript:alert(1)", Reason.BAD_URL),
        ("http://user:secret@a.com/1.jpg", Reason.BAD_URL),
        ("http://a.com\\@127.0.0.1/", Reason.BAD_URL),
        ("http:///1.jpg", Reason.BAD_URL),
        ("http://[::1/1.jpg", Reason.BAD_URL),
        ("http://a.com:99999/", Reason.BAD_URL),
        ("http://a b.com/", Reason.BAD_URL),
        ("http://a.com:22/", Reason.FORBIDDEN_ADDRESS),
        ("http://a.com:6379/", Reason.FORBIDDEN_ADDRESS),
        ("https://a.example/1.jpg", Reason.FORBIDDEN_ADDRESS),
        ("https://localhost/1.jpg", Reason.FORBIDDEN_ADDRESS),
        ("https://db.internal/1.jpg", Reason.FORBIDDEN_ADDRESS),
        ("https://" + "a" * 64 + ".рф/1.jpg", Reason.BAD_URL),
        ("https://a.com/" + "x" * 3000, Reason.BAD_URL),
    ],
)
def test_what_must_never_be_asked_has_a_reason(text: str, reason: Reason) -> None:
    with pytest.raises(BadAddress) as caught:
        parse(text, PLAIN)
    assert caught.value.reason is reason


def test_a_host_and_port_of_the_list_may_be_asked_and_its_neighbours_may_not() -> None:
    rules = AddressRules(allowed=parse_hosts("127.0.0.1:8080, images.internal:80"))
    assert parse("http://127.0.0.1:8080/1.jpg", rules).host == "127.0.0.1:8080"
    assert parse("http://images.internal/1.jpg", rules).host == "images.internal:80"
    for text in ("http://127.0.0.1:8081/1.jpg", "https://images.internal/1.jpg"):
        with pytest.raises(BadAddress):
            parse(text, rules)


@pytest.mark.parametrize("text", ["a", "a:", ":80", "a:0", "a:70000", "http://a:80"])
def test_a_wrong_pair_of_host_and_port_is_told(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hosts(text)


def test_addresses_below_the_prefix_are_objects_of_ours() -> None:
    assert parse("https://cdn.shop.com/media/a/b%20c.jpg?v=1", CDN).object_key == "a/b c.jpg"
    assert parse("https://cdn.shop.com/other/b.jpg", CDN).object_key is None
    assert parse("https://cdn.shop.com/mediator.jpg", CDN).object_key is None


@pytest.mark.parametrize("path", ["../drops/x", "%2e%2e/x", "a/%2e%2e/x", "", "a//b", "a%00b", "a%5cb"])
def test_no_key_leads_out_of_the_store(path: str) -> None:
    with pytest.raises(BadAddress):
        parse(f"https://cdn.shop.com/media/{path}", CDN)


def test_lists_in_one_text_are_split_and_commas_inside_an_address_stay() -> None:
    texts = [
        "https://a.com/1.jpg,https://a.com/w_1,h_2/2.jpg; //b.com/3.jpg",
        "https://c.com/4.jpg|https://c.com/5.jpg",
    ]
    assert split_list([*texts, None, 7, "https://a.com/1.jpg"]) == [
        "https://a.com/1.jpg", "https://a.com/w_1,h_2/2.jpg", "//b.com/3.jpg", "https://c.com/4.jpg",
        "https://c.com/5.jpg",
    ]  # fmt: skip


@given(st.text(st.characters(), max_size=80) | st.from_regex(r"https?://[^\s]{0,60}", fullmatch=True))
def test_any_text_is_an_address_or_has_a_reason(text: str) -> None:
    found = judged(text)
    if isinstance(found, Address):
        assert found.url.isascii()
        assert found.url.startswith(("http://", "https://"))
        assert parse(found.url, CDN) == found, "an address that was made askable stays as it is"
    else:
        assert found in {Reason.BAD_URL, Reason.FORBIDDEN_ADDRESS}


def judged(text: str) -> Address | Reason:
    try:
        return parse(text, CDN)
    except BadAddress as bad:
        return bad.reason
