#!/bin/bash
# Checks this bundle with sha256sum, openssl and the shell alone. It came with the bundle: read it before you trust it.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAIL: $*"; exit 1; }
sum() { sha256sum | cut -c1-64; }
unhex() { local h; read -r h; printf "$(printf '%s' "$h" | sed 's/../\\x&/g')"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }

sha256sum --quiet -c SHA256SUMS || fail "a file is not what SHA256SUMS says"

# 1. the files are those of the manifest, all of them and no others
awk '/^      "name": / {n = $0} /^      "sha256": / {print n $0}' capture.json > "$tmp/listed"
n=0
for f in files/*; do
  grep -qxF "      \"name\": \"${f#files/}\",      \"sha256\": \"$(sum < "$f")\"" "$tmp/listed" || fail "$f is not what capture.json lists"
  n=$((n + 1))
done
[ "$n" = "$(wc -l < "$tmp/listed")" ] || fail "capture.json lists another number of files"
echo "OK: $n files agree with capture.json"

# 2. the manifest is the one that was committed
[ "$(sed -n 3p commitment.txt)" = "$(sum < capture.json)" ] || fail "commitment.txt is of another manifest"
leaf=$(sum < commitment.txt)
echo "OK: commitment $leaf"

# 3. the checkpoint carries the signature of the key in ledger.vkey
awk -v d="$tmp" '/^$/ {n++; next} {print > (d "/part" (n + 0))}' exhibit.tlog-proof
index=$(sed -n 's/^index //p' "$tmp/part0"); size=$(sed -n 2p "$tmp/part1"); root=$(sed -n 3p "$tmp/part1")
name=$(cut -d+ -f1 ledger.vkey)
{ echo 302a300506032b6570032100 | unhex; cut -d+ -f3- ledger.vkey | base64 -d | tail -c 32; } > "$tmp/key.der"
grep -F -- "— $name " "$tmp/part2" | head -n 1 | awk '{print $3}' | base64 -d | tail -c 64 > "$tmp/sig"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/key.der" -rawin -in "$tmp/part1" -sigfile "$tmp/sig" > /dev/null ||
  fail "the checkpoint's signature"
cmp -s checkpoint <(sed '1,/^$/d' exhibit.tlog-proof) || fail "checkpoint differs from the one in the proof"
echo "OK: checkpoint of $size entries signed by $name"

# 4. the commitment is entry $index of the log (RFC 9162, 2.1.3.2)
r=$({ printf '\x00'; echo "$leaf" | unhex; } | sum)
fn=$index; sn=$((size - 1))
[ "$fn" -le "$sn" ] || fail "the index lies outside the log"
for p in $(sed '1,2d' "$tmp/part0"); do
  p=$(echo "$p" | base64 -d | hex)
  [ "$sn" -gt 0 ] || fail "the proof is too long"
  if [ $((fn & 1)) = 1 ] || [ "$fn" = "$sn" ]; then
    r=$(echo "01$p$r" | unhex | sum)
    while [ $((fn & 1)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn >> 1)); sn=$((sn >> 1)); done
  else
    r=$(echo "01$r$p" | unhex | sum)
  fi
  fn=$((fn >> 1)); sn=$((sn >> 1))
done
[ "$sn" = 0 ] && [ "$(echo "$r" | unhex | base64)" = "$root" ] || fail "the proof does not lead to the signed root"
echo "OK: entry $index of $size"

# 5. each timestamp is of the file it is named after, and its certificates lead to tsa-roots.pem at its time
for t in *.tsr; do
  [ -e "$t" ] || { echo "note: no timestamp; the time is the machine's alone"; break; }
  data=${t%.tsr}; [ -e "$data" ] || data=capture.json
  openssl ts -reply -in "$t" -text > "$tmp/text" 2> /dev/null || fail "$t cannot be read"
  at=$(sed -n 's/^Time stamp: //p' "$tmp/text")
  openssl ts -verify -in "$t" -data "$data" -CAfile tsa-roots.pem -untrusted tsa-chain.pem -attime "$(date -u -d "$at" +%s)" > /dev/null 2>&1 ||
    fail "$t is no sound timestamp of $data"
  echo "OK: timestamp of $data: $at"
  ! grep -q 'DEVELOPMENT TIMESTAMPS' "$tmp/text" || echo "note: $t comes from a development authority and is worth nothing in court"
done
echo "ALL HOLDS"
