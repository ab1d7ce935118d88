# Installs Debian packages for tests/run.sh and examples/quickstart.sh, which source this file.
#
# install_packages GROUP...  installs what is missing of the groups, without questions and without
# starting the services that come along. Returns non-zero after saying why it could not.

packages_build="gcc libc6-dev meson ninja-build pkg-config libzookeeper-mt-dev libssh-dev libyaml-dev
    libsqlite3-dev libarchive-dev libssl-dev libsasl2-dev libjansson-dev uthash-dev libcmocka-dev
    zlib1g-dev"
packages_run="zookeeper default-jre-headless python3-kazoo python3-pymemcache iproute2"
packages_test="clang llvm clang-format-14 clang-tidy-14 clang-format clang-tidy libclang-rt-14-dev
    universal-ctags python3-pytest python3-kazoo python3-pymemcache python3-yaml python3-jsonschema mandoc
    openssh-server openssh-client sudo iproute2 util-linux procps bzip2 xz-utils zstd systemd zookeeper
    default-jre-headless libsasl2-modules libmemcached-tools"

install_packages() {
    local group list missing=() package
    for group in "$@"; do
        list=packages_$group
        for package in ${!list}; do
            dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
                missing+=("$package")
        done
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || {
        echo "this needs Debian 12: there is no apt-get to install ${missing[*]}" >&2
        return 1
    }
    echo "== installing ${missing[*]}"
    local log policy=/usr/sbin/policy-rc.d status=0
    log=$(mktemp)
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    else
        policy=
    fi
    {
        apt-get -o DPkg::Lock::Timeout=120 update &&
            DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y \
                --no-install-recommends "${missing[@]}"
    } >"$log" 2>&1 </dev/null || status=1
    [ -z "$policy" ] || rm -f "$policy"
    if [ $status -ne 0 ]; then
        tail -5 "$log" >&2
        echo "apt-get could not install ${missing[*]}: see above, and try it by hand" >&2
    fi
    rm -f "$log"
    return $status
}
