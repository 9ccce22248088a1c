#!/bin/sh
# Gives a process the addresses and secrets of its role, and becomes it. ROLE, or QUEUE of a worker, names the role; the
# servers have a user `thor_<role>` for it. Secrets are files, so that neither `docker inspect`, a unit nor
# docker-compose.yml shows them; each process has only those that it needs.
set -eu
umask 077

role="${ROLE:-${QUEUE:-}}"
folder="${THOR_SECRETS:-/run/secrets}"

has() {
    [ -s "$folder/$1" ]
}

secret() {
    cat "$folder/$1"
}

if [ -z "$role" ] || ! has "redis_${role}_password"; then
    echo "error: ${role:-a process without ROLE or QUEUE} has no $folder/redis_${role:-ROLE}_password" >&2
    exit 2
fi
# With TLS: REDIS_SCHEME=rediss, and in the options which certificate is trusted, such as ssl_ca_certs=/etc/thor/ca.pem.
export REDIS_URL="${REDIS_SCHEME:-redis}://thor_$role:$(secret "redis_${role}_password")@${REDIS_ADDRESS:-redis:6379}/0\
${REDIS_OPTIONS:+?$REDIS_OPTIONS}"
if has "postgres_${role}_password"; then
    password="$(secret "postgres_${role}_password")"
    export DATABASE_URL="postgresql://thor_$role:$password@${POSTGRES_ADDRESS:-postgres:5432}/${POSTGRES_DB:-thor_db}\
${POSTGRES_OPTIONS:+?$POSTGRES_OPTIONS}"
fi

for name in LAKE_BUCKET_KEY LAKE_BUCKET_SECRET SCHWAB_CLIENT_SECRET SMTP_PASSWORD ALERT_WEBHOOK_URL ALERT_WEBHOOK_SECRET; do
    file="$(printf %s "$name" | tr '[:upper:]' '[:lower:]')"
    if has "$file"; then export "$name=$(secret "$file")"; fi
done
# Whoever does not use a secret, and so does not have its file, only has to know that there is a source or a channel.
withheld() {
    [ -n "$1" ] && [ ! -e "$folder/$2" ]
}
if withheld "${SCHWAB_CLIENT_ID:-}" schwab_client_secret; then export SCHWAB_CLIENT_SECRET=withheld; fi
if withheld "${SMTP_USER:-}" smtp_password; then export SMTP_PASSWORD=withheld; fi
if withheld "${ALERT_WEBHOOK_HOSTS:-}" alert_webhook_url; then
    export ALERT_WEBHOOK_URL="https://${ALERT_WEBHOOK_HOSTS%%,*}/withheld"
fi

# Flower takes settings from here that would open it to everybody.
for name in $(env | sed -n 's/^\(FLOWER_[A-Z_]*\)=.*/\1/p'); do
    [ "$name" = FLOWER_PORT ] || unset "$name"
done
if [ "$role" = flower ]; then
    if ! has flower_password; then
        echo "error: Flower would be open to everybody: put a password into $folder/flower_password" >&2
        exit 2
    fi
    export FLOWER_BASIC_AUTH="thor:$(secret flower_password)"
fi
unset password

# Threads share two heaps, so that what one of them has given back is used by the others.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
# Arrow's own pool keeps what each of the web server's many threads has asked for.
if [ "$role" = api ]; then export ARROW_DEFAULT_MEMORY_POOL="${ARROW_DEFAULT_MEMORY_POOL:-system}"; fi
# What computes leaves a processor to the others. The numeric libraries read this when they are loaded.
case "$role" in
analysis | export)
    threads=$(($(nproc) - 1))
    [ "$threads" -ge 1 ] || threads=1
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$threads}"
    export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-$OMP_NUM_THREADS}"
    export POLARS_MAX_THREADS="${POLARS_MAX_THREADS:-$OMP_NUM_THREADS}"
    ;;
esac

exec "$@"
