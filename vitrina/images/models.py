"""Tables of pictures: the bytes, the addresses they come from, and which product shows what.

Three tables, because each has a life of its own: one address may be named by many products and is fetched once; one
picture may lie at many addresses and is stored, analysed and made small once.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.background.models import BackgroundRequest

__all__ = [
    "LEAVING",
    "BackgroundRequest",
    "ImageHost",
    "Picture",
    "PictureAnalysis",
    "PictureUrl",
    "ProductPicture",
    "StrayObject",
]

#: Recipe of a picture that is being deleted: a run that meets its bytes meanwhile makes it anew.
LEAVING = "-"


class Picture(models.Model):
    """One file's bytes by their hash. A refused file is remembered, so that it is not decoded again; it is not kept."""

    class State(models.TextChoices):
        STORED = "stored", "Stored"
        REFUSED = "refused", "Refused"

    sha256 = models.CharField(max_length=64, primary_key=True, help_text="Of the bytes as they came, hexadecimal.")
    state = models.CharField(max_length=8, choices=State)
    reason = models.CharField(max_length=40, blank=True, default="", db_default="", help_text="vitrina.images.reasons")
    message = models.TextField(blank=True, default="", db_default="")
    format = models.CharField(
        max_length=10, blank=True, default="", db_default="", help_text="jpeg, png, webp, gif or avif."
    )
    size = models.BigIntegerField(default=0, db_default=0, help_text="Bytes of the original.")
    width = models.IntegerField(null=True, help_text="Of the original, upright (EXIF orientation applied).")
    height = models.IntegerField(null=True)
    recipe = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="Version of the derivatives."
    )
    original_key = models.CharField(max_length=200, blank=True, default="", db_default="")
    jpeg_key = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Fit 1024, quality 85, RGB, no metadata."
    )
    webp_key = models.CharField(max_length=200, blank=True, default="", db_default="", help_text="The same as WebP.")
    thumb_key = models.CharField(max_length=200, blank=True, default="", db_default="", help_text="JPEG, fit 320.")
    shown_width = models.IntegerField(null=True, help_text="Of the processed JPEG and WebP.")
    shown_height = models.IntegerField(null=True)
    shown_size = models.BigIntegerField(default=0, db_default=0, help_text="Bytes of the three derivatives together.")
    phash = models.BigIntegerField(null=True, db_index=True, help_text="Perceptual hash, 64 bits; by the analysis.")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["state"]),)

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.state}"


class PictureUrl(models.Model):
    """One address that feeds name, and what became of it. Many products may show it; it is fetched once."""

    class State(models.TextChoices):
        WAITING = "waiting", "To be fetched, or to be tried again"
        STORED = "stored", "Its picture is stored"
        REFUSED = "refused", "No picture that is taken; `reason` says why"
        GONE = "gone", "The host says that it is gone"

    digest = models.UUIDField(unique=True, help_text="First half of the sha256 of `url`.")
    url = models.TextField(help_text="As it is asked for: encoded, without fragment.")
    host = models.CharField(max_length=260, help_text="host:port; empty for the object store and for bad addresses.")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True, default="", db_default="", help_text="vitrina.images.reasons")
    message = models.TextField(blank=True, default="", db_default="")
    picture = models.ForeignKey(Picture, on_delete=models.PROTECT, null=True, related_name="urls")
    attempts = models.IntegerField(default=0, db_default=0, help_text="Failed tries in a row.")
    next_try_at = models.DateTimeField(db_default=Now(), help_text="A waiting address is not asked before.")
    checked_at = models.DateTimeField(null=True, help_text="When the host last answered.")
    etag = models.TextField(blank=True, default="", db_default="")
    last_modified = models.CharField(max_length=80, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(fields=["next_try_at"], condition=models.Q(state="waiting"), name="picture_url_waiting"),
            models.Index(fields=["host"]),
        )

    def __str__(self) -> str:
        return f"{self.url[:80]} {self.state}"


class ProductPicture(models.Model):
    """A product's n-th picture, by the order of its feed. Written anew when the product's list of addresses changes."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="pictures")
    position = models.SmallIntegerField(help_text="From 0, in the feed's order.")
    url = models.ForeignKey(PictureUrl, on_delete=models.PROTECT, related_name="shown_by")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["product", "position"], name="product_picture_position"),)

    def __str__(self) -> str:
        return f"{self.product_id}[{self.position}]"


class ImageHost(models.Model):
    """The breaker of one host: while it is open, nothing is asked of it, by any run."""

    host = models.CharField(max_length=260, primary_key=True, help_text="host:port")
    failures = models.IntegerField(default=0, db_default=0, help_text="Tries in a row that the host did not answer.")
    opened = models.IntegerField(default=0, db_default=0, help_text="Times in a row that the breaker opened.")
    open_until = models.DateTimeField(null=True, help_text="Not asked before; empty: closed.")
    reason = models.CharField(max_length=40, blank=True, default="", db_default="")
    message = models.TextField(blank=True, default="", db_default="")
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.host


class StrayObject(models.Model):
    """An object below the prefixes of pictures that nothing names; it is deleted when it was so for a while."""

    key = models.CharField(max_length=1024, primary_key=True)
    found_at = models.DateTimeField(db_index=True, help_text="When it was first found so.")

    def __str__(self) -> str:
        return self.key
