# In: install_dir, name, version, digest, release, keep, zk_started (of a ZooKeeper server that may
# run from this package; may be empty); on standard input the file lines of the manifest. Makes the
# release current, removes releases that are neither among the newest nor used, and writes the
# manifest last: until that is there the next run comes here again.
cd "$install_dir" || exit 1
rm -rf releases/.new.* releases/.old.* current.new.* manifest.new.*

# The release lines of the old manifest whose directories still exist, oldest first; ours comes last.
kept=
count=0
if [ -f manifest ]; then
    while read -r word a b c _; do
        [ "$word" = release ] && [ "$a $b $c" != "$name $version $digest" ] || continue
        [ -d "releases/$a-$b-$(short "$c")" ] || continue
        kept="$kept$a $b $c
"
        [ "$a" != "$name" ] || count=$((count + 1))
    done <manifest
fi

# in_use DIGEST DIRECTORY: a recorded server was started from it, or a program in it runs.
programs=$(readlink /proc/[0-9]*/exe 2>/dev/null)
in_use() {
    for started in run/*/started ${zk_started:+"$zk_started"}; do
        [ "$(record_value "$started" attr.release)" = "$1" ] && process_alive "$started" && return 0
    done
    case $programs in *"$install_dir/$2/"*) return 0 ;; esac
    return 1
}

remaining=
removable=
while read -r a b c; do
    [ -n "$a" ] || continue
    directory=releases/$a-$b-$(short "$c")
    surplus=no
    if [ "$a" = "$name" ]; then
        [ "$count" -lt "$keep" ] || surplus=yes
        count=$((count - 1))
    fi
    if [ $surplus = yes ] && ! in_use "$c" "$directory"; then
        removable="$removable $directory"
    else
        remaining="${remaining}release $a $b $c
"
    fi
done <<END
$kept
END

ln -s "releases/$release" "current.new.$$" && mv -T -f "current.new.$$" current || exit 1
rm -rf $removable
{
    printf 'arcusplan-manifest 1\n%s' "$remaining"
    printf 'release %s %s %s\n' "$name" "$version" "$digest"
    printf 'current %s %s %s\n' "$name" "$version" "$digest"
    cat
} | write_atomically manifest 0644 || exit 1
echo switched
