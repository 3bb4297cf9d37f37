"""The desk, its API and sign-in, and how soon decisions become runs."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Desk(BaseSettings):
    """People: where they work, how they sign in, what their work starts."""

    # The desk
    desk_port: int = Field(3001, ge=1, le=65_535, description="Port of the review desk, on loopback.")
    desk_public_url: str | None = Field(
        None, description="https://… that people open the desk at, behind your proxy; empty: loopback only."
    )
    desk_upload_mb: int = Field(100, ge=1, le=10_000, description="Megabytes that one drop may have at the desk.")
    desk_team_board: bool = Field(
        False, description="Let annotators who agree to it see each other's numbers of a week; off: nobody does."
    )
    dagster_url: str | None = Field(
        None, description="Where the desk asks for runs; empty: the platform that runs from the home folder."
    )
    api_rate_per_minute: int = Field(100, ge=1, description="Calls of the API a minute a person.")
    api_work_rate_per_minute: int = Field(
        300, ge=1, description="… of taking, keeping and deciding items, which are counted apart."
    )
    google_client_id: str | None = Field(
        None, description="Sign-in by Google: client id; its callback is <desk>/accounts/google/login/callback/."
    )
    google_client_secret: SecretStr | None = Field(None, description="… and its secret.")
    github_client_id: str | None = Field(
        None, description="Sign-in by GitHub: client id; its callback is <desk>/accounts/github/login/callback/."
    )
    github_client_secret: SecretStr | None = Field(None, description="… and its secret.")
    smtp_host: str | None = Field(
        None, description="Mail server for invitations and passwords; empty: an administrator hands over the links."
    )
    smtp_port: int = Field(587, ge=1, le=65_535, description="465 speaks TLS at once, 587 by STARTTLS.")
    smtp_user: str | None = Field(None, description="User of the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password of the mail server.")
    smtp_from: str | None = Field(None, description="Sender of the desk's mails.")

    # Second looks
    review_second_look_percent: float = Field(
        5.0, ge=0, le=100, description="Share of approved texts that somebody else looks at again, blindly; 0: none."
    )
    review_second_look_days: int = Field(14, ge=1, description="… and is let go when nobody did for so many days.")

    # From decisions to runs
    decisions_run_at: int = Field(20, ge=1, description="So many decisions about cases ask for a run at once.")
    decisions_run_after_seconds: float = Field(10.0, ge=0, description="… and fewer when the oldest waited so long.")
    preferences_run_at: int = Field(50, ge=1, description="So many votes and edits ask for new preferences at once.")
    preferences_run_after_seconds: float = Field(600.0, ge=0, description="… and fewer when the oldest waited so long.")
