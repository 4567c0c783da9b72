#!/bin/sh
# Started as root the server becomes its own user; options alone are for redis-server.
set -eu
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "${1:-}" = redis-server ]; then
  # As in the image that people know: the network decides who may connect, unless they say otherwise themselves.
  own=$*
  if [ -f "${2:-}" ]; then own="$own $(cat "$2")"; fi
  case "$own" in
    *protected-mode*) ;;
    *) set -- "$@" --protected-mode no ;;
  esac
  if [ "$(id -u)" = 0 ]; then
    chown -R redis:redis /data
    exec setpriv --reuid=redis --regid=redis --clear-groups -- "$@"
  fi
fi
exec "$@"
