# The desk in a container: locked requirements, a user of its own, nothing written but its volumes and /tmp.
#
#   docker build -t ringside .
#
# For a build that is the same next year, name the image by its digest: --build-arg PYTHON=python:3.11-slim@sha256:...
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/ringside
COPY requirements.txt requirements-databases.txt ./
# As the Makefile installs them: a complete lock needs no resolution, and byte code makes the start 4 to 10 times faster.
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --quiet --no-input --no-deps --require-hashes --compile -r requirements.txt \
    && .venv/bin/python -m pip install --quiet --no-input --no-deps --require-hashes --compile -r requirements-databases.txt
# pyproject.toml tells alembic where the ledger's migrations are, for who takes one back by hand
COPY app.py pyproject.toml ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY core core
COPY pages pages
RUN .venv/bin/python -m compileall -q core pages app.py

FROM ${PYTHON}
# libgomp: lightgbm's threads
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /tmp --shell /usr/sbin/nologin ringside \
    && install -d -o ringside -g ringside -m 0750 \
        /var/lib/ringside /var/lib/ringside/models /var/lib/ringside/data /var/backups/ringside
WORKDIR /opt/ringside
COPY --from=build /opt/ringside ./
COPY deploy/start.sh /usr/local/bin/ringside-start
ENV PATH=/opt/ringside/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    RINGSIDE_HOME=/var/lib/ringside \
    RINGSIDE_BACKUPS=/var/backups/ringside \
    RINGSIDE_LOG_FORMAT=json
USER 10001
VOLUME ["/var/lib/ringside/models", "/var/lib/ringside/data", "/var/backups/ringside"]
EXPOSE 8501
# Ready means that every acting model is in memory; the first start trains the built-in use cases before that.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15m --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/api/v1/ready', timeout=4)"]
ENTRYPOINT ["/bin/sh", "/usr/local/bin/ringside-start"]
