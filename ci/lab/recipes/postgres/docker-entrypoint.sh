#!/bin/bash
# Behaves like the official image's: initdb at the first start, then postgres as its own user.
set -euo pipefail
[ "${1:0:1}" != - ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" && chown -R postgres:postgres "$PGDATA" && chmod 700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups env HOME=/var/lib/postgresql "$0" "$@"
fi
[ ! -s "$PGDATA/PG_VERSION" ] || exec "$@"

password=${POSTGRES_PASSWORD:-}
[ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(cat "$POSTGRES_PASSWORD_FILE")
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}} auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
if [ -z "$password" ] && [ "$auth" != trust ]; then
  echo "Error: Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD." >&2
  exit 1
fi
initdb --username="$user" --pwfile=<(echo "${password:-unused}") --auth-local=trust ${POSTGRES_INITDB_ARGS:-}
echo "host all all all $auth" >> "$PGDATA/pg_hba.conf"

pg_ctl -w start -o "-c listen_addresses=''"
psql=(psql -v ON_ERROR_STOP=1 --no-password --username "$user" --no-psqlrc)
[ "$database" = postgres ] || "${psql[@]}" --dbname postgres -v db="$database" <<<'CREATE DATABASE :"db";'
for file in /docker-entrypoint-initdb.d/*; do
  case $file in
    *.sh) . "$file" ;;
    *.sql) "${psql[@]}" --dbname "$database" -f "$file" ;;
    *.sql.gz) gunzip -c "$file" | "${psql[@]}" --dbname "$database" ;;
  esac
done
pg_ctl -w -m fast stop
echo "PostgreSQL init process complete; ready for start up."
exec "$@"
