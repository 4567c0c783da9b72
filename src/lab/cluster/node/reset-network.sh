#!/bin/sh
# Runs in an instance's network namespace and leaves it as a start of the machine finds it: eth0 as DHCP has configured
# it, further interfaces bare, and nothing of what programs have set.
set -eu
nft flush ruleset
for family in -4 -6; do
  ip $family rule flush
  ip $family rule add priority 32766 table main
  ip $family route show table all | sed -n 's/.* table \([0-9][0-9]*\).*/\1/p' | sort -u |
    while read -r table; do ip $family route flush table "$table"; done
done
ip -4 rule add priority 32767 table default
ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/' |
  while read -r link; do
    case $link in
      lo | eth0) ;;
      eth*) ip address flush dev "$link" && ip link set "$link" down ;;
      *) ip link delete "$link" 2>/dev/null || true ;;
    esac
  done
conntrack --flush >/dev/null 2>&1 || true
