#!/usr/bin/env bash
# The measurements of docs/explanation/effects.md: bash benchmarks/effects/run.sh URL OUT_FOLDER
#
# URL is a vLLM with SmolLM2-135M-Instruct, as `prompt-policy up --demo` starts one; it ends with /v1.
set -euo pipefail
cd "$(dirname "$0")"
url=$1
out=$(mkdir -p "$2" && cd "$2" && pwd)

measure() {  # NAME OPTION...: one comparison; its report is NAME.txt, its record NAME.jsonl
  echo "== $1" >&2
  prompt-policy bench --base-url "$url" --model SmolLM2-135M-Instruct --load closed:12 --warmup 4 \
    --out "$out/$1.jsonl" "${@:2}" > "$out/$1.txt"
}

facts=(--questions facts.jsonl --samples 5 --max-tokens 32)
easy=(--questions builtin:easy:48 --samples 2 --max-tokens 200)
measure clamp-hot "${facts[@]}" --policy clamp.yaml --set temperature=1.5
measure clamp-silent "${facts[@]}" --policy clamp.yaml
measure suffix "${easy[@]}" --policy suffix.yaml --set temperature=0.2
measure folding "${facts[@]}" --policy folding.yaml --set temperature=0.2 --system "Answer in one short sentence."
measure folding-empty "${facts[@]}" --arms folding.yaml folding-empty.yaml --set temperature=0.2 \
  --system "Answer in one short sentence."
measure whitespace "${facts[@]}" --policy whitespace.yaml --set temperature=0.2
