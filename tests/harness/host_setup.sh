#!/bin/bash
# Second half of host_init.sh, with the host's own / as root: makes a blank machine of it once,
# starts sshd, and stays as the process that reaps what the host's daemons leave behind.
set -eu
name=$1
cd /run/lab

if [ ! -e /etc/ssh/hostkey ]; then
    rm -rf /opt/arcus /var/lib/arcus /etc/sudoers.d /var/log/zookeeper /etc/resolv.conf
    mkdir -m 755 /etc/sudoers.d /var/log/zookeeper
    mkdir -m 1777 /var/log/sanitizer
    : >/etc/resolv.conf
    echo "$name" >/etc/hostname
    sed -i '/^arcus:/d' /etc/passwd /etc/shadow /etc/group
    echo 'arcus:x:4242:4242::/home/arcus:/bin/bash' >>/etc/passwd
    echo 'arcus:*:19000:0:99999:7:::' >>/etc/shadow
    echo 'arcus:x:4242:' >>/etc/group
    sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
    {
        echo 'Defaults env_keep += "ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS"'
        echo 'arcus ALL=(ALL) NOPASSWD: ALL'
    } >/etc/sudoers.d/arcus
    chmod 440 /etc/sudoers.d/arcus
    if [ -e /etc/zookeeper/conf/environment ]; then
        cat zookeeper-environment >>/etc/zookeeper/conf/environment
    fi
    cp hostkey.pub /etc/ssh/
    install -m 600 hostkey /etc/ssh/hostkey
fi
cp sshd_config /etc/ssh/sshd_config
cp hosts /etc/hosts
mkdir -p /run/sshd /run/lock /home/arcus/.ssh /root/.ssh
cp authorized_keys /home/arcus/.ssh/
cp authorized_keys /root/.ssh/
cp /etc/skel/.bashrc /etc/skel/.profile /home/arcus/
chown -R 4242:4242 /home/arcus
chmod 700 /root /root/.ssh /home/arcus/.ssh

# systemd with nothing but the targets that services hang on, and sshd.
exec_systemd() {
    mount -t tmpfs -o size=1m units /lib/systemd/system
    mount -t tmpfs -o size=1m generators /lib/systemd/system-generators
    cd /lib/systemd/system
    for target in sysinit basic shutdown network-online; do
        printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' "$target" >"$target.target"
    done
    printf '[Unit]\nDescription=up\nRequires=basic.target lab-sshd.service\nAfter=lab-sshd.service\nAllowIsolate=yes\n' \
        >multi-user.target
    printf '[Service]\nExecStart=/usr/sbin/sshd -D -E /var/log/sshd.log\nKillMode=process\n' >lab-sshd.service
    mount -t tmpfs -o mode=755,size=1m cgroup /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd,xattr cgroup /sys/fs/cgroup/systemd
    cd /
    echo up
    exec env container=lab /lib/systemd/systemd --system --unit=multi-user.target --show-status=0 \
        --log-target=null >/dev/null 2>&1 </dev/null
}

is_systemd=false
[ ! -e systemd ] || is_systemd=true
cd /
rm -r /run/lab
! $is_systemd || exec_systemd
/usr/sbin/sshd -E /var/log/sshd.log
echo up
exec >/dev/null 2>&1 </dev/null
while :; do
    sleep infinity &
    wait $!
done
