#!/bin/sh
# Runs in an instance's network namespace, in mount and UTS namespaces that were made for it, and turns them into a
# node: what it writes is its own. Then stays, to hold the namespaces: the node's programs enter them by its pid.
#   enter-node.sh NODE_FOLDER NODE_NAME KUBERNETES_FOLDER
set -eu
folder=$1 name=$2 kubernetes=$3
echo "$name" >/proc/sys/kernel/hostname

# Other instances' namespaces must not live on in this node's mounts.
umount --recursive --lazy /run/netns 2>/dev/null || umount --lazy /run/netns/* 2>/dev/null || true
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/netns /run/lock /run/branchline /run/etc/upper /run/etc/work /run/kubernetes
mount --bind "$kubernetes" /run/kubernetes

# The machine's /etc with the node's own files above it.
mount -t overlay -o "lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work" overlay /etc
rm -rf /etc/cni /etc/resolv.conf /etc/os-release
mkdir -p /etc/cni/net.d
cp -r "$folder/etc/." /etc/
cp "$folder/machine/os-release" /etc/
echo "$name" >/etc/hostname

# What the kubelet wants of kernel settings is the machine's business: it finds them as it wants them, and changes none.
for setting in "$folder"/sysctl/*; do
  target=/proc/sys/$(basename "$setting" | tr . /)
  if [ -e "$target" ]; then mount --bind "$setting" "$target"; fi
done
# Firmware tells each machine apart.
if [ -e /sys/class/dmi/id/product_uuid ]; then mount --bind "$folder/product_uuid" /sys/class/dmi/id/product_uuid; fi
# As large as the instance type. The CPUs of memory nodes would be counted in their place: there are none.
mount --bind "$folder/machine/meminfo" /proc/meminfo
mount --bind "$folder/machine/cpu" /sys/devices/system/cpu
if [ -d /sys/devices/system/node ]; then mount -t tmpfs -o ro tmpfs /sys/devices/system/node; fi

# Outlives a start of the node, unlike the rest of /etc: agents keep their configuration there.
mount --bind "$folder/cni" /etc/cni/net.d
mount --bind "$folder/opt" /opt
mount --bind "$folder/var-log" /var/log
# The last one: the lab's own state folder, and with it "$folder", is below /var/lib.
mount --bind "$folder/var-lib" /var/lib

# Pods' namespaces that are mounted from now on must be seen by containers that run already.
mount --make-rshared /
echo ready
exec sleep infinity
