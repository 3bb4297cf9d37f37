"""Where things lie, and the stores that settings may name: PostgreSQL, Qdrant, a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

PROJECT_ROOT = Path(__file__).resolve().parents[2]


class Places(BaseSettings):
    """Folders, ports, databases, objects."""

    # Where things lie
    vitrina_home: Path = Field(
        PROJECT_ROOT / ".vitrina",
        description="Everything that a run makes lies below this folder; relative paths begin at the project's.",
    )
    vitrina_port: int = Field(3000, ge=1, le=65_535, description="Port of the Dagster UI, on loopback.")
    vitrina_samples: Path = Field(PROJECT_ROOT / "samples", description="Sample drops, categories and templates.")
    vitrina_lexicon: Path | None = Field(None, description="Your own words, merged over the built-in lexicon.")
    vitrina_secret_key: SecretStr | None = Field(
        None, description="Django's secret key; made and kept in the home folder when empty."
    )
    vitrina_pg_bin: Path | None = Field(
        None, description="Folder of PostgreSQL binaries to use for the embedded server."
    )

    # PostgreSQL: empty means the embedded server
    database_url: SecretStr | None = Field(
        None, description="postgresql://user:password@host:port/name; empty: the embedded server."
    )
    database_role: str = Field(
        "",
        description="Role that this process takes on: vitrina_pipeline or vitrina_desk. "
        "`up` and compose give it to their processes; leave it empty for the command line.",
    )
    dagster_database_url: SecretStr | None = Field(
        None, description="Dagster's own database; empty: 'dagster' beside the platform's."
    )

    # Vectors
    qdrant_url: str | None = Field(None, description="http://host:6333 of a Qdrant server; empty: embedded.")
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")

    vector_search: dict[str, Literal["sparse", "dense", "hybrid"]] = Field(
        {"categories": "sparse", "description_templates": "hybrid", "product_vectors": "hybrid"},
        description="How each collection is searched, as JSON: sparse, dense, or hybrid.",
    )

    # Objects: an S3 API (Cloudflare R2, any S3) or a local folder
    s3_endpoint_url: str | None = Field(
        None,
        validation_alias=AliasChoices("S3_ENDPOINT_URL", "R2_ENDPOINT_URL"),
        description="Endpoint of the S3 API; empty with a bucket: AWS.",
    )
    s3_bucket: str | None = Field(
        None,
        validation_alias=AliasChoices("S3_BUCKET", "R2_BUCKET"),
        description="Bucket; empty: a local folder is used instead.",
    )
    s3_access_key_id: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("S3_ACCESS_KEY_ID", "R2_ACCESS_KEY_ID"),
        description="Access key id of the bucket.",
    )
    s3_secret_access_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("S3_SECRET_ACCESS_KEY", "R2_SECRET_ACCESS_KEY"),
        description="Secret key of the bucket.",
    )
    s3_region: str = Field(
        "auto", validation_alias=AliasChoices("S3_REGION", "R2_REGION"), description="Region; R2 wants 'auto'."
    )
    s3_prefix: str = Field(
        "", validation_alias=AliasChoices("S3_PREFIX", "R2_PREFIX"), description="Prefix of every key in the bucket."
    )

    @field_validator("vitrina_home", "vitrina_samples", "vitrina_lexicon")
    @classmethod
    def _from_the_project(cls, path: Path | None) -> Path | None:
        """One file of settings serves processes in any working directory."""
        return None if path is None else PROJECT_ROOT / path.expanduser()

    @property
    def objects_folder(self) -> Path:
        """The local object store, used when no bucket is configured."""
        return self.vitrina_home / "objects"

    @property
    def embedded_database(self) -> bool:
        """Whether the platform's own PostgreSQL is used."""
        return self.database_url is None
