#!/usr/bin/env bash
# Puts text8 (Matt Mahoney's cleaned Wikipedia text: letters and spaces) into a folder; size and symbols are checked.
#
#   scripts/get_text8.sh [FOLDER]        FOLDER is data/text8 unless given
#
# TEXT8_URL names another copy of text8.zip to download.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

text=text8
default_folder=data/text8
url=${TEXT8_URL:-http://mattmahoney.net/dc/text8.zip}
files="text8 100000000 only a-z and spaces"
advice="Unpack any other copy of text8.zip into the folder"

fits() {
    [ -z "$(LC_ALL=C tr -d 'a-z ' <"$1" | head -c 1 | od -An -tx1)" ]
}

unpack() {
    unpack_zip
}

fetch "$@"
