#!/bin/sh
# What users of the image named nginx expect before the server starts: templates filled in from the environment, and
# their own scripts in /docker-entrypoint.d.
set -eu
if [ "${1:-}" = nginx ]; then
  for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    defined=$(env | cut -d= -f1 | sed 's/.*/${&}/' | tr '\n' ' ')
    envsubst "$defined" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
  done
  for script in /docker-entrypoint.d/*.sh; do
    if [ -x "$script" ]; then "$script"; fi
  done
fi
exec "$@"
