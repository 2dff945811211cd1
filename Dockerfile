# syntax=docker/dockerfile:1

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/venv
# Dependencies alone first: a change of our code does not install them again.
COPY pyproject.toml uv.lock ./
COPY tools tools
RUN python tools/locked.py constraints > constraints.txt \
    && python tools/locked.py runtime > runtime.txt \
    && /opt/venv/bin/pip install --no-cache-dir -c constraints.txt -r runtime.txt
COPY README.md ./
COPY attune attune
COPY workflows workflows
COPY activities activities
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN groupadd --gid 10001 attune \
    && useradd --uid 10001 --gid attune --create-home --shell /usr/sbin/nologin attune \
    && install -d -o attune -g attune /opt/attune/packs /opt/attune/runtime_envs \
        /opt/attune/artifacts /var/lib/attune/worker /run/attune/setup /run/attune/worker
COPY --from=build /opt/venv /opt/venv
# Migrations are no part of the installed packages; they run from the working directory.
WORKDIR /srv/attune
COPY pyproject.toml ./
COPY migrations migrations
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
USER attune
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["attune", "health", "api"]
ENTRYPOINT ["attune"]
CMD ["api"]
