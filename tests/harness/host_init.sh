#!/bin/bash
# First process of a test host, already in namespaces of its own (see host.py): lays a writable
# layer over this machine's own / and makes that the host's root. host_setup.sh goes on from there.
#
# usage: host_init.sh NAME ADDRESS DISK FILES SOURCE
#   DISK    a mounted tmpfs that keeps the host's own files, also over a power loss
#   FILES   a directory with hosts, hostkey, authorized_keys, sshd_config, zookeeper-environment
#   SOURCE  the source tree, which a real host would not have
set -eu
name=$1 address=$2 disk=$3 files=$4 source=$5
root=$disk/root

read -r _ # the lab says when eth0 is there
hostname "$name"
ip link set lo up
ip addr add "$address/24" dev eth0
ip link set eth0 up

mkdir -p "$disk/upper" "$disk/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$name" "$root"
for directory in tmp run home root; do
    mount -t tmpfs -o mode=755,size=64m "$directory" "$root/$directory"
done
chmod 1777 "$root/tmp"
[ -d "$root$source" ] && mount -t tmpfs -o size=4k source "$root$source"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755,size=1m dev "$root/dev"
for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,size=16m shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

mkdir "$root/run/lab"
cp "$files"/* "$root/run/lab/"
cp "$(dirname "$0")/host_setup.sh" "$root/run/lab/"

# From here on inside: an absolute symbolic link would lead out of the host into this machine.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$root" /bin/bash /run/lab/host_setup.sh "$name"
