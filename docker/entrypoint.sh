#!/bin/sh
# Passwords come as files, so that neither `docker inspect` nor docker-compose.yml shows them.
set -eu

secret() {
    cat "/run/secrets/$1"
}

DATABASE_URL="postgresql://thor_user:$(secret postgres_password)@postgres:5432/thor_db"
REDIS_URL="redis://:$(secret redis_password)@redis:6379/0"
export DATABASE_URL REDIS_URL

SCHWAB_CLIENT_SECRET="$(secret schwab_client_secret)"
export SCHWAB_CLIENT_SECRET

SMTP_PASSWORD="$(secret smtp_password)"
ALERT_WEBHOOK_URL="$(secret alert_webhook_url)"
ALERT_WEBHOOK_SECRET="$(secret alert_webhook_secret)"
export SMTP_PASSWORD ALERT_WEBHOOK_URL ALERT_WEBHOOK_SECRET

if [ -r /run/secrets/flower_password ]; then
    FLOWER_BASIC_AUTH="thor:$(secret flower_password)"
    export FLOWER_BASIC_AUTH
fi

# What computes leaves a processor to the others. The numeric libraries read this when they are loaded.
case "${QUEUE:-}" in
analysis | export)
    threads=$(($(nproc) - 1))
    [ "$threads" -ge 1 ] || threads=1
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$threads}"
    export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-$OMP_NUM_THREADS}"
    export POLARS_MAX_THREADS="${POLARS_MAX_THREADS:-$OMP_NUM_THREADS}"
    ;;
esac

exec "$@"
