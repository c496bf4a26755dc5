# mesbot in a container: `docker build -t mesbot .`, then compose.yaml. No secret is in it: account and addresses come as files.
FROM python:3.13.5-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# What bot, notifier and dashboard import, hash by hash: neither the libraries of research nor those of the tests.
COPY requirements-unattended.lock ./
RUN python -m venv /opt/mesbot && /opt/mesbot/bin/pip install --require-hashes -r requirements-unattended.lock
COPY pyproject.toml README.md ./
COPY bot bot
COPY strategies strategies
COPY actors actors
COPY contracts contracts
COPY config config
COPY backtests backtests
RUN /opt/mesbot/bin/pip install --no-build-isolation --no-deps .

FROM python:3.13.5-slim-bookworm
ENV PATH=/opt/mesbot/bin:$PATH MESBOT_HOME=/state PYTHONUNBUFFERED=1 NO_COLOR=1
COPY --from=build /opt/mesbot /opt/mesbot
RUN groupadd --gid 10001 mesbot \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin mesbot \
    && install -d -o 10001 -g 10001 -m 0700 /state
USER 10001:10001
WORKDIR /state
VOLUME /state
STOPSIGNAL SIGTERM
# The journal's lock and its bars: a run that ended, hangs or gets no data is unhealthy.
HEALTHCHECK --interval=60s --timeout=30s --start-period=180s --retries=3 CMD ["mesbot", "status", "--healthy"]
ENTRYPOINT ["mesbot"]
CMD ["paper"]
