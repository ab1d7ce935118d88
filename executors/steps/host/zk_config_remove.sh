# In: data_dir. The data stay; only what makes them this server's goes.
process_alive "$data_dir/run/started" && fail "the ZooKeeper server still runs"
if ! [ -f "$data_dir/myid" ] && ! [ -f "$data_dir/conf/zoo.cfg" ]; then
    echo unchanged
    exit 0
fi
rm -f "$data_dir/conf/zoo.cfg" "$data_dir/myid" || exit 1
rmdir "$data_dir/conf" 2>/dev/null
echo removed
