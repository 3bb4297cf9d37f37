# One image for webserver, daemon, migrations and every code location; docker-compose.yml says which it is.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONUTF8=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    DAGSTER_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1 \
    DAGSTER_HOME=/srv/dagster DAGSTER_COMPUTE_LOGS=/srv/home/log/runs VITRINA_HOME=/srv/home

WORKDIR /srv/vitrina
COPY requirements/core.txt requirements/core.txt
RUN pip install --require-hashes -r requirements/core.txt

COPY pyproject.toml README.md workspace.yaml ./
COPY deploy deploy
COPY vitrina vitrina
COPY pipelines pipelines
COPY assets assets
COPY resources resources
COPY sensors sensors
COPY dbt_like_sql dbt_like_sql
COPY samples samples
# Byte code is made here: the user that runs may not write beside the code, and each run would make it anew
RUN pip install --no-deps --no-build-isolation -e . \
    && python -m compileall -q vitrina pipelines assets resources sensors \
    && python -m vitrina.servers.manifest \
    && useradd --system --home-dir /srv/home vitrina \
    && mkdir -p /srv/dagster /srv/home/log \
    && cp deploy/dagster.yaml /srv/dagster/dagster.yaml \
    && chown -R vitrina /srv/dagster /srv/home /srv/vitrina/.vitrina

USER vitrina
