# In: data_dir, log_dir (may be empty), myid, zoo_cfg. Prints "unchanged" or "written".
if [ -f "$data_dir/myid" ]; then
    read -r present <"$data_dir/myid"
    [ "$present" = "$myid" ] ||
        wrong_myid "$data_dir/myid says $present, but this server is to be number $myid"
fi
if [ -f "$data_dir/myid" ] && [ -f "$data_dir/conf/zoo.cfg" ] &&
    [ "$(cat "$data_dir/conf/zoo.cfg" && echo .)" = "$zoo_cfg." ]; then
    echo unchanged
    exit 0
fi
need_space "$data_dir" 1024
mkdir -p "$data_dir/conf" "$data_dir/run" || exit 1
[ -z "$log_dir" ] || mkdir -p "$log_dir" || exit 1
[ -f "$data_dir/myid" ] || printf '%s\n' "$myid" | write_atomically "$data_dir/myid" 0644 || exit 1
printf '%s' "$zoo_cfg" | write_atomically "$data_dir/conf/zoo.cfg" 0644 || exit 1
echo written
