#!/bin/sh
# Creates the namespace with its retention and search attributes; repeatable. The worker looks at all three again when it
# starts (worker/prepare-namespace.ts). TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where, by the tool's own rules.
set -eu
namespace="${TEMPORAL_NAMESPACE:-default}"
# Two weeks: what a run that was ended by hand had not delivered can be recovered for so long.
retention=336h

attempts=60
until temporal operator cluster health; do
  attempts=$((attempts - 1))
  if [ "$attempts" -eq 0 ]; then
    echo "Temporal at ${TEMPORAL_ADDRESS:-localhost:7233} has not become healthy" >&2
    exit 1
  fi
  sleep 2
done

temporal operator namespace describe --namespace "$namespace" ||
  temporal operator namespace create --namespace "$namespace" --retention "$retention"

# A namespace that was just created is known to every part of the server within some seconds.
attempts=60
until temporal operator search-attribute create --namespace "$namespace" \
  --name IomtDevice --type Keyword \
  --name IomtMeasurementType --type Keyword \
  --name IomtState --type Keyword \
  --name IomtStuckSince --type Datetime \
  --name IomtReason --type Keyword; do
  attempts=$((attempts - 1))
  if [ "$attempts" -eq 0 ]; then
    echo "The search attributes could not be added to the namespace $namespace" >&2
    exit 1
  fi
  sleep 2
done
