#!/usr/bin/env bash
# Puts the Penn Treebank text (Mikolov's preprocessing) into a folder, checked byte for byte.
#
#   scripts/get_ptb.sh [FOLDER]        FOLDER is data/ptb unless given
#
# PTB_URL names another copy of simple-examples.tgz to download.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

text="the Penn Treebank"
default_folder=data/ptb
url=${PTB_URL:-http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz}
files="\
ptb.train.txt 5101618 sha256 fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf
ptb.valid.txt 399782 sha256 c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2
ptb.test.txt 449945 sha256 dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"
advice="Take the three files from any other copy of Mikolov's simple-examples.tgz (folder data/), put them into the folder"

unpack() {
    local members member name size fact
    members=$(tar -tzf "$work/archive") || give_up "$url is not a .tgz archive"
    while read -r name size fact; do
        member=$(grep -E -x -m 1 "(.*/)?$name" <<<"$members") || give_up "$url has no $name"
        tar -xzOf "$work/archive" "$member" >"$work/$name" || give_up "$url is damaged"
        right "$work/$name" "$size" "$fact" || give_up "the $name of $url is not the one the papers use"
    done <<<"$files"
}

fetch "$@"
