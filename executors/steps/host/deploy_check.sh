# In: install_dir, name, version, digest, release. Prints "unchanged", or "have" when the release is
# there but not current, or "need"; then before it the manifest of another release, if it is not too
# long.
if ! [ -d "$install_dir/releases/$release" ]; then
    case $(record_word "$install_dir/manifest" current) in
    "$name "*)
        [ "$(stat -c %s "$install_dir/manifest")" -gt 500000 ] || cat "$install_dir/manifest"
        ;;
    esac
    echo need
elif [ "$(readlink "$install_dir/current")" = "releases/$release" ] &&
    [ "$(record_word "$install_dir/manifest" current)" = "$name $version $digest" ]; then
    echo unchanged
else
    echo have
fi
