# In: run, attributes, home, conf, zoo_cfg. Starts the server unless it runs. zkServer.sh is told the
# file besides the directory, because Debian's ignores the directory and knows no --config. A file
# other than the one that the record will name would make a lie of the record.
mkdir -p "$run" || exit 1
command -v setsid >/dev/null || lacks "there is no setsid (package util-linux)"
[ "$(cat "$conf/zoo.cfg" && echo .)" = "$zoo_cfg." ] || fail "$conf/zoo.cfg is not what it should be"
launch "$run" "$attributes" env "ZOOCFGDIR=$conf" "ZOO_LOG_DIR=$run" \
    "$home/bin/zkServer.sh" start-foreground "$conf/zoo.cfg"
echo started
