#!/usr/bin/env bash
# Puts the training and development questions of SQuAD 1.1 (Rajpurkar et al. 2016) into a folder, checked byte for byte.
#
#   scripts/get_squad.sh [FOLDER]        FOLDER is data/squad-v1.1 unless given
#
# SQUAD_URL names another place that has both files.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"

text="SQuAD 1.1"
default_folder=data/squad-v1.1
place=${SQUAD_URL:-https://rajpurkar.github.io/SQuAD-explorer/dataset}
url=$place/train-v1.1.json
files="\
train-v1.1.json 30288272 sha256 3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955
dev-v1.1.json 4854279 sha256 95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9"
advice="Take the two files from any other copy of SQuAD 1.1, put them into the folder"

use() {
    echo "prepare it with: python bidaf/prepare.py --train=$folder/train-v1.1.json --dev=$folder/dev-v1.1.json" \
        "--target_path=data/squad"
}

# Nothing is packed: the first file is there, the second is fetched.
unpack() {
    local name size fact
    mv "$work/archive" "$work/train-v1.1.json"
    url=$place/dev-v1.1.json
    download "$work/dev-v1.1.json" || give_up "$url could not be downloaded"
    while read -r name size fact; do
        right "$work/$name" "$size" "$fact" || give_up "$place/$name is not the file that SQuAD 1.1 was published with"
    done <<<"$files"
}

fetch "$@"
