"""Pictures: fetching, decoding, keeping."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class Pictures(BaseSettings):
    """What is fetched, and the limits of it."""

    cdn_prefix: str | None = Field(
        None, description="Address under which the keys of the object store are public; empty: they are not."
    )
    image_max_per_product: int = Field(5, ge=0, le=50, description="Pictures fetched for one product; 0: none.")
    image_max_bytes: int = Field(10_000_000, ge=1000, description="Largest file that is taken.")
    image_timeout_seconds: float = Field(30.0, gt=0, description="Deadline of one download, redirects included.")
    image_concurrency: int = Field(10, ge=1, description="Downloads at once, over all processes.")
    image_host_concurrency: int = Field(4, ge=1, description="… from one host.")
    image_host_interval_seconds: float = Field(
        0.05, ge=0, description="Pause between the starts of two downloads from one host."
    )
    image_allow_hosts: str = Field(
        "",
        pattern=r"^[\s,]*([^\s,/]+:\d{1,5}[\s,]*)*$",
        description="host:port pairs of inner networks that may be asked, separated by commas.",
    )
    image_recheck_days: int = Field(
        30, ge=1, description="A run asks again (conditionally) for addresses that answered so long ago."
    )
    image_workers: int = Field(2, ge=1, description="Processes that decode; the number of cores is right.")
    image_decode_seconds: float = Field(15.0, gt=0, description="Deadline of decoding one file.")
    image_decode_memory_mb: int = Field(768, ge=64, description="Memory for decoding one file.")
    image_failed_warn_share: float = Field(
        0.2, ge=0, le=1, description="The check warns above this share of addresses without a picture."
    )
    image_cutouts: bool = Field(False, description="Also keep a PNG without background of every analysed picture.")
    image_keep_days: int = Field(30, ge=1, description="Pictures that no product names are kept so long.")
    image_temp_keep_days: int = Field(2, ge=1, description="Objects below temp/ are kept so long.")

    @field_validator("cdn_prefix")
    @classmethod
    def _prefix_is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")) or len(value.split()) != 1 or "?" in value or "#" in value:
            raise ValueError("it must be an http or https address without spaces, ? and #")
        return value.rstrip("/") + "/"
