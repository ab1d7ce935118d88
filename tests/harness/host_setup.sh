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

cd /
rm -r /run/lab
/usr/sbin/sshd -E /var/log/sshd.log
echo up
exec >/dev/null 2>&1 </dev/null
while :; do
    sleep infinity &
    wait $!
done
