#!/bin/sh
# Creates Temporal's databases and brings their schemas up to date; repeatable, and needed again with every new version.
# SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD say where, by the tool's own rules.
set -eu
schemas="${TEMPORAL_SCHEMAS:-/etc/temporal/schema/postgresql/v12}"

set_up() {
  temporal-sql-tool --plugin postgres12 --db "$1" create
  temporal-sql-tool --plugin postgres12 --db "$1" setup-schema -v 0.0
  temporal-sql-tool --plugin postgres12 --db "$1" update-schema -d "$schemas/$2/versioned"
}

set_up temporal temporal
set_up temporal_visibility visibility
