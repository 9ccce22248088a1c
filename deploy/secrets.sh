#!/bin/sh
# Makes what is missing among the secrets of docker-compose.yml and deploy/systemd, in the folder that is named, or
# ./secrets; what is there is left alone. Passwords are 192 random bits as letters and digits, as they become parts of
# URLs. The folder keeps other users out; the files stay readable, as the containers' users are not the one who made them.
set -eu

folder="${1:-secrets}"
mkdir -p -m 700 "$folder"

made() {
    [ -e "$folder/$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$1"
}

for role in owner api collectors ingest export analysis control desk backup; do
    made "postgres_${role}_password"
done
for role in admin owner api collectors ingest export analysis control beat flower desk backup monitor; do
    made "redis_${role}_password"
done
for name in postgres_password flower_password grafana_password; do
    made "$name"
done
# What others give: empty where there is none.
for name in schwab_client_secret smtp_password alert_webhook_url alert_webhook_secret metrics_key lake_bucket_key \
    lake_bucket_secret; do
    [ -e "$folder/$name" ] || : >"$folder/$name"
done
chmod 444 "$folder"/*
