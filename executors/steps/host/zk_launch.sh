# In: run, attributes, home, conf, zoo_cfg. Starts the server unless it runs. zkServer.sh is told the
# file and not only the directory, because Debian's fixes the directory. A configuration other than
# the one that the record will name would make a lie of it.
mkdir -p "$run" || exit 1
command -v setsid >/dev/null || lacks "there is no setsid (package util-linux)"
[ "$(cat "$conf/zoo.cfg" && echo .)" = "$zoo_cfg." ] || fail "$conf/zoo.cfg is not what it should be"
launch "$run" "$attributes" "$home/bin/zkServer.sh" --config "$conf" start-foreground "$conf/zoo.cfg"
echo started
