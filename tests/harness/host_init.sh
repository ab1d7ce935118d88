#!/bin/bash
# First process of a test host, already in namespaces of its own (see host.py): lays a writable
# layer over this machine's own /, makes that the host's root, and stays as the process that
# reaps what the host's daemons leave behind.
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

if [ ! -e "$disk/ready" ]; then
    rm -rf "$root/opt/arcus" "$root/var/lib/arcus" "$root/etc/sudoers.d" "$root/var/log/zookeeper"
    mkdir -m 755 "$root/etc/sudoers.d" "$root/var/log/zookeeper"
    mkdir -m 1777 "$root/var/log/sanitizer"
    : >"$root/etc/resolv.conf"
    echo "$name" >"$root/etc/hostname"
    sed -i '/^arcus:/d' "$root/etc/passwd" "$root/etc/shadow" "$root/etc/group"
    echo 'arcus:x:4242:4242::/home/arcus:/bin/bash' >>"$root/etc/passwd"
    echo 'arcus:*:19000:0:99999:7:::' >>"$root/etc/shadow"
    echo 'arcus:x:4242:' >>"$root/etc/group"
    sed -i 's/^root:[^:]*:/root:*:/' "$root/etc/shadow"
    {
        echo 'Defaults env_keep += "ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS"'
        echo 'arcus ALL=(ALL) NOPASSWD: ALL'
    } >"$root/etc/sudoers.d/arcus"
    chmod 440 "$root/etc/sudoers.d/arcus"
    if [ -e "$root/etc/zookeeper/conf/environment" ]; then
        cat "$files/zookeeper-environment" >>"$root/etc/zookeeper/conf/environment"
    fi
    cp "$files/hostkey" "$files/hostkey.pub" "$root/etc/ssh/"
    chmod 600 "$root/etc/ssh/hostkey"
    : >"$disk/ready"
fi
cp "$files/sshd_config" "$root/etc/ssh/sshd_config"
cp "$files/hosts" "$root/etc/hosts"
mkdir -p "$root/run/sshd" "$root/run/lock" "$root/home/arcus/.ssh" "$root/root/.ssh"
cp "$files/authorized_keys" "$root/home/arcus/.ssh/"
cp "$files/authorized_keys" "$root/root/.ssh/"
cp /etc/skel/.bashrc /etc/skel/.profile "$root/home/arcus/"
chown -R 4242:4242 "$root/home/arcus"
chmod 700 "$root/root" "$root/root/.ssh" "$root/home/arcus/.ssh"

exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$root" /bin/bash -c '
        cd /
        /usr/sbin/sshd -E /var/log/sshd.log
        echo up
        exec >/dev/null 2>&1 </dev/null
        while :; do
            sleep infinity &
            wait $!
        done'
