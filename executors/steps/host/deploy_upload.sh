# In: install_dir, release, archive_sha256, unpacked_kb, kept (release_delta.h; may be empty); on
# standard input the archive of what is not kept. Nothing of it stays unless it arrived whole. What
# an earlier upload left is removed.
releases=$install_dir/releases
new=$releases/.new.$$
command -v gzip >/dev/null || lacks "there is no gzip"
command -v tar >/dev/null || lacks "there is no tar"
need_space "$releases" $((unpacked_kb + unpacked_kb / 50 + 1024))
mkdir -p "$releases" || exit 1
rm -rf "$releases"/.new.* "$releases"/.old.*
trap 'rm -rf "$new"' EXIT
mkdir "$new" "$new/content" && mkfifo "$new/copy" || exit 1
sha256sum <"$new/copy" >"$new/sum" &
tee "$new/copy" | tar -x -z -o -p -f - -C "$new/content" || fail "the archive cannot be unpacked"
wait
read -r sum _ <"$new/sum"
[ "$sum" = "$archive_sha256" ] || fail "the archive arrived damaged"
if [ -n "$kept" ]; then
    while IFS= read -r wanted && IFS= read -r old; do
        sum=${wanted%% *}
        path=${wanted#* }
        mode=${path%% *}
        path=${path#* }
        cp "$install_dir/current/$old" "$new/content/$path" || exit 1
        chmod "$mode" "$new/content/$path" || exit 1
        printf '%s  %s\n' "$sum" "$path"
    done >"$new/sums" <<END || exit 1
$kept
END
    (cd "$new/content" && sha256sum -c --quiet "$new/sums" >&2) ||
        fail "a file of the current release is damaged"
fi
sync -f "$new/content" 2>/dev/null || sync
if [ -d "$releases/$release" ]; then
    mv -T "$releases/$release" "$releases/.old.$$" || exit 1
fi
mv -T "$new/content" "$releases/$release" || exit 1
rm -rf "$releases/.old.$$"
echo uploaded
