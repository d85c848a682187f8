#!/usr/bin/env bash
# Puts enwik8 (the first 100,000,000 bytes of an English Wikipedia) into a folder; size and beginning are checked.
#
#   scripts/get_enwik8.sh [FOLDER]        FOLDER is data/enwik8 unless given
#
# ENWIK8_URL names another copy of enwik8.zip to download.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

text=enwik8
default_folder=data/enwik8
url=${ENWIK8_URL:-http://mattmahoney.net/dc/enwik8.zip}
files="enwik8 100000000 begins with <mediawiki"
advice="Unpack any other copy of enwik8.zip into the folder"

fits() {
    [ "$(head -c 10 "$1")" = "<mediawiki" ]
}

unpack() {
    unpack_zip
}

fetch "$@"
