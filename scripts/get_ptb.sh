#!/usr/bin/env bash
# Puts the Penn Treebank text (Mikolov's preprocessing) into a folder, checked byte for byte.
#
#   scripts/get_ptb.sh [FOLDER]        FOLDER is data/ptb unless given
#
# PTB_URL names another copy of simple-examples.tgz to download.
set -euo pipefail

url=${PTB_URL:-http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz}
files="\
ptb.train.txt 5101618 fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf
ptb.valid.txt 399782 c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2
ptb.test.txt 449945 dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"

main() {
    if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
        echo "usage: scripts/get_ptb.sh [FOLDER]" >&2
        exit 2
    fi
    folder=${1:-data/ptb}
    if present; then
        echo "$folder already has the Penn Treebank, complete and unchanged; train with --data_path=$folder"
        return
    fi
    mkdir -p "$folder"
    # In the folder itself: moving a checked file to its name is then one step, with no half a file at any time.
    work=$(mktemp -d "$folder/.get_ptb.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    echo "downloading $url" >&2
    download "$work/archive" || give_up "$url could not be downloaded"
    unpack
    while read -r name _; do mv "$work/$name" "$folder/$name"; done <<<"$files"
    echo "$folder has the Penn Treebank; train with --data_path=$folder"
}

# Whether all three files are there; a file that is there and differs is the owner's, and stops the script.
present() {
    local name size sum all=true
    while read -r name size sum; do
        if [ ! -e "$folder/$name" ]; then
            all=false
        elif ! right "$folder/$name" "$size" "$sum"; then
            echo "$folder/$name is there but is not the Penn Treebank's ($size bytes, sha256 $sum);" \
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

unpack() {
    local members member name size sum
    members=$(tar -tzf "$work/archive") || give_up "$url is not a .tgz archive"
    while read -r name size sum; do
        member=$(grep -E -x -m 1 "(.*/)?$name" <<<"$members") || give_up "$url has no $name"
        tar -xzOf "$work/archive" "$member" >"$work/$name" || give_up "$url is damaged"
        right "$work/$name" "$size" "$sum" || give_up "the $name of $url is not the one the papers use"
    done <<<"$files"
}

right() {
    [ -f "$1" ] && [ "$(($(wc -c <"$1")))" -eq "$2" ] && [ "$(checksum "$1")" = "$3" ]
}

checksum() {
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d " " -f 1
}

give_up() {
    local name size sum
    {
        echo "$1; nothing was changed in $folder."
        echo "Take the three files from any other copy of Mikolov's simple-examples.tgz (folder data/), put them into $folder,"
        echo "and run this script again to check them:"
        while read -r name size sum; do echo "  $name  $size bytes  sha256 $sum"; done <<<"$files"
        echo "Or train on the built-in corpus instead: --data_path=builtin"
    } >&2
    exit 1
}

main "$@"
