"""Shops by the host of a product link: the currency that a shop without signs on its prices means.

Belongs here: hosts and country domains. Stays out: signs and words of currencies (``currencies``), article numbers in
links (``identity``). The answer is an assumption, and is marked as one on every price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

#: Shops whose domain does not say their country. Sites that sell in many countries under one name are left out.
_HOSTS = {
    "trendyol.com": "TRY", "getir.com": "TRY", "hepsiburada.com": "TRY", "n11.com": "TRY", "gittigidiyor.com": "TRY",
    "lcwaikiki.com": "TRY", "defacto.com.tr": "TRY", "koton.com": "TRY", "ciceksepeti.com": "TRY", "pttavm.com": "TRY",
    "gratis.com": "TRY", "dermoeczanem.com": "TRY", "a101.com.tr": "TRY", "migros.com.tr": "TRY", "modanisa.com": "TRY",
    "pazarama.com": "TRY", "ozdilekteyim.com": "TRY", "boyner.com.tr": "TRY",
    "lamoda.ru": "RUB", "rozetka.com.ua": "UAH", "makeup.com.ua": "UAH", "kaspi.kz": "KZT", "onliner.by": "BYN",
    "allegro.pl": "PLN", "bol.com": "EUR", "zalando.de": "EUR",
}  # fmt: skip
_COUNTRIES = {
    "tr": "TRY", "ua": "UAH", "kz": "KZT", "by": "BYN", "uz": "UZS", "kg": "KGS", "ge": "GEL", "az": "AZN", "am": "AMD",
    "pl": "PLN", "cz": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN", "uk": "GBP", "br": "BRL", "in": "INR", "cn": "CNY",
    "kr": "KRW", "jp": "JPY", "se": "SEK", "no": "NOK", "dk": "DKK", "ch": "CHF", "il": "ILS", "sa": "SAR", "md": "MDL",
    "de": "EUR", "fr": "EUR", "it": "EUR", "es": "EUR", "nl": "EUR", "at": "EUR", "be": "EUR", "fi": "EUR", "gr": "EUR",
    "pt": "EUR", "ie": "EUR", "ee": "EUR", "lv": "EUR", "lt": "EUR", "sk": "EUR", "si": "EUR", "ru": "RUB", "su": "RUB",
    "xn--p1ai": "RUB", "рф": "RUB",
}  # fmt: skip
_MOST = 0.8


def currency_of_shop(links: Iterable[str]) -> str | None:
    """ISO code that at least four fifths of the links speak for, ``None`` where they do not agree or do not say."""
    hosts = [host for link in links if (host := _host(link))]
    if not hosts:
        return None
    code, count = Counter(_currency(host) for host in hosts).most_common(1)[0]
    return code if count >= _MOST * len(hosts) else None


def _host(link: str) -> str:
    text = link.strip()
    try:
        return (urlsplit(text if "//" in text[:10] else f"//{text}").hostname or "") if len(text) <= 2_000 else ""
    except ValueError:
        return ""


def _currency(host: str) -> str | None:
    parts = host.split(".")
    for count in (3, 2):
        if code := _HOSTS.get(".".join(parts[-count:])):
            return code
    return _COUNTRIES.get(parts[-1])
