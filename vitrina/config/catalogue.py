"""The catalogue: drops, rules, and the shop that it is for."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class Catalogue(BaseSettings):
    """What is taken in, what goes to a person, what is published."""

    # Drops
    drop_settle_seconds: float = Field(
        2.0, ge=0, description="A file counts as written when size and time stood still this long."
    )
    drop_folder_settle_seconds: float = Field(60.0, ge=0, description="The same for a folder without _SUCCESS.")
    drop_tick_limit: int = Field(2000, ge=1, description="Most new drops that one sensor tick takes.")
    drop_runs_each_below: int = Field(4, ge=0, description="Up to so many new drops get a run each; more share ranges.")
    drop_range_size: int = Field(500, ge=1, description="Most drops in one intake run.")

    # Rules
    language: Literal["ru", "en"] = Field(
        "ru", validation_alias="VITRINA_LANGUAGE", description="Language of descriptions."
    )
    category_review_threshold: float = Field(
        0.75, ge=0, le=1, description="Below this final confidence a person decides the category."
    )
    moderation_min_price_rub: Decimal = Field(Decimal(100), description="Cheaper goods go to a person.")
    moderation_min_grounding: float = Field(
        1.0, ge=0, le=1, description="Below this grounding score a text goes to a person."
    )
    rub_rates: dict[str, Decimal] = Field(
        default_factory=lambda: {
            "RUB": Decimal(1), "TRY": Decimal("1.95"), "USD": Decimal(80), "EUR": Decimal(92), "UAH": Decimal("1.9"),
            "KZT": Decimal("0.155"), "BYN": Decimal(26), "CNY": Decimal("11.2"), "AED": Decimal("21.8"),
            "SAR": Decimal("21.3"), "BRL": Decimal("14.6"), "CZK": Decimal("3.8"), "GBP": Decimal(106),
            "KRW": Decimal("0.057"),
        },
        description="Roubles for one unit of a currency, as JSON; used by rules only, never for the shop's prices.",
    )  # fmt: skip
    price_change_bound: float = Field(0.4, gt=0, description="A larger relative change of price goes to a person.")
    list_gate_catalogue_share: float = Field(
        0.2, gt=0, le=1, description="A full list may lack this share of the catalogue at most."
    )
    list_gate_group_share: float = Field(
        0.5, gt=0, le=1, description="… and this share of one brand or category (of 20 goods or more)."
    )
    list_gate_block: int = Field(
        20, ge=1, description="… and no contiguous block of so many goods while nothing else changed."
    )
    list_gate_price_share: float = Field(
        0.3, gt=0, le=1, description="A drop may move this share of its prices beyond the bound at most."
    )
    quarantine_warn_share: float = Field(
        0.1, ge=0, le=1, description="The check warns above this share of quarantined rows."
    )

    # The shop, as its feed names it
    shop_name: str = Field("Vitrina", description="Name of the shop in the market feed.")
    shop_company: str = Field("Vitrina", description="Company behind the shop in the market feed.")
    shop_url: str = Field("https://shop.example", description="Address of the shop in the market feed.")

    # Processing log
    log_keep_days: int = Field(90, ge=1, description="Completed and approved log entries are kept so long.")

    @field_validator("rub_rates")
    @classmethod
    def _rates_are_positive(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        bad = [code for code, rate in value.items() if rate <= 0]
        if bad:
            raise ValueError(f"the rate of {', '.join(bad)} must be above zero")
        return {code.upper(): rate for code, rate in value.items()} | {"RUB": Decimal(1)}

    def to_rub(self, amount: Decimal, currency: str) -> Decimal | None:
        """Roubles by the configured rate; ``None`` for a currency without one."""
        rate = self.rub_rates.get(currency.upper())
        return None if rate is None else amount * rate
