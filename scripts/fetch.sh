# Sourced by the scripts that put a text into a folder: whole and checked, or nothing.
#
# Such a script sets
#   text     what the text is called in sentences
#   url      the archive
#   files    a line for each file: name, size in bytes, and a fact that `fits` checks
#   advice   what to do where it cannot be downloaded
# defines `unpack`, which puts the checked files into $work, and ends with: fetch "$@"
# It may define `fits FILE FACT` and `use`, which says how to go on, otherwise than below.

# A fact is a checksum.
fits() {
    [ "sha256 $(checksum "$1")" = "$2" ]
}

use() {
    echo "train with --data_path=$folder"
}

fetch() {
    if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
        echo "usage: scripts/$(basename "$0") [FOLDER]" >&2
        exit 2
    fi
    folder=${1:-$default_folder}
    if present; then
        echo "$folder already has $text, complete and unchanged; $(use)"
        return
    fi
    mkdir -p "$folder"
    # In the folder itself: moving a checked file to its name is then one step, with no half a file at any time.
    work=$(mktemp -d "$folder/.fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    echo "downloading $url" >&2
    download "$work/archive" || give_up "$url could not be downloaded"
    unpack
    while read -r name _; do mv "$work/$name" "$folder/$name"; done <<<"$files"
    echo "$folder has $text; $(use)"
}

# Whether all files are there; a file that is there and differs is the owner's, and stops the script.
present() {
    local name size fact all=true
    while read -r name size fact; do
        if [ ! -e "$folder/$name" ]; then
            all=false
        elif ! right "$folder/$name" "$size" "$fact"; then
            echo "$folder/$name is there but is not $text's ($size bytes, $fact);" \
                "move it away and run this again" >&2
            exit 1
        fi
    done <<<"$files"
    $all
}

download() {
    if command -v curl >/dev/null; then
        local progress=--silent
        [ ! -t 2 ] || progress=--progress-bar
        curl --fail --location "$progress" --show-error --connect-timeout 30 --output "$1" "$url"
    elif command -v wget >/dev/null; then
        wget --no-verbose --timeout=30 --tries=2 --output-document="$1" "$url"
    else
        echo "neither curl nor wget is installed" >&2
        return 1
    fi
}

# The one file of a .zip archive.
unpack_zip() {
    local name size fact
    read -r name size fact <<<"$files"
    if command -v unzip >/dev/null; then
        unzip -p "$work/archive" "$name" >"$work/$name" 2>/dev/null || give_up "$url is damaged or has no $name"
    else
        python3 -m zipfile -e "$work/archive" "$work" 2>/dev/null || give_up "$url is damaged, or python3 is missing"
    fi
    right "$work/$name" "$size" "$fact" || give_up "the $name of $url is not the one the papers use"
}

right() {
    [ -f "$1" ] && [ "$(($(wc -c <"$1")))" -eq "$2" ] && fits "$1" "$3"
}

checksum() {
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d " " -f 1
}

give_up() {
    local name size fact
    {
        echo "$1; nothing was changed in $folder."
        echo "$advice, and run this script again to check:"
        while read -r name size fact; do echo "  $name  $size bytes  $fact"; done <<<"$files"
        echo "Or train on the built-in corpus instead: --data_path=builtin"
    } >&2
    exit 1
}
