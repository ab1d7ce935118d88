# In: install_dir, name, zk_started (may be empty). Removes the package's releases and the run
# directories of servers that are gone. What makes the release visible goes last.
cd "$install_dir" 2>/dev/null || {
    echo unchanged
    exit 0
}
[ -f manifest ] || : >manifest || exit 1
for started in run/*/started ${zk_started:+"$zk_started"}; do
    process_alive "$started" || continue
    used=$(record_value "$started" attr.release)
    while read -r word a _ c _; do
        [ "$word" = release ] && [ "$a" = "$name" ] && [ "$c" = "$used" ] &&
            fail "the release is in use by process $process_pid"
    done <manifest
done
rm -rf releases/.new.* releases/.old.*
others=
while read -r word a b c _; do
    [ "$word" = release ] || continue
    if [ "$a" = "$name" ]; then
        rm -rf "releases/$a-$b-$(short "$c")" || exit 1
    else
        others="${others}release $a $b $c
"
    fi
done <manifest
for run in run/*/; do
    process_alive "${run}started" || rm -rf "$run"
done
case $(record_word manifest current) in
"$name "*) rm -f current ;;
esac
if [ -n "$others" ]; then
    printf 'arcusplan-manifest 1\n%s' "$others" | write_atomically manifest 0644 || exit 1
else
    rm -f manifest
fi
rmdir releases run 2>/dev/null
cd / && rmdir "$install_dir" 2>/dev/null
echo removed
