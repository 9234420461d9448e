#!/bin/bash
# Sprawdza pakiet samym openssl, sha256sum, jq i powłoką. Przyszedł razem z pakietem: przeczytaj go, zanim mu zaufasz.
# Checks the package with openssl, sha256sum, jq and the shell alone. It came with the package: read it before you trust it.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")"
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
nie() { echo "NIE ZGADZA SIĘ / DOES NOT HOLD: $*"; exit 1; }
tak() { echo "OK  $*"; }
sum() { sha256sum | cut -c1-64; }
unhex() { local h; read -r h; printf "$(printf '%s' "$h" | sed 's/../\\x&/g')"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
for p in openssl sha256sum jq; do command -v $p > /dev/null || nie "brak programu / program missing: $p"; done

# 1. pliki i ich liczba / files and their number
for m in manifest-sha256.txt tagmanifest-sha256.txt signatures/SHA256SUMS; do
  sha256sum --strict --quiet -c "$m" || nie "$m"
done
[ -z "$(find . ! -type f ! -type d)" ] || nie "dowiązania zamiast plików / links in place of files"
find . -type f | cut -c3- | sort > "$tmp/jest"
{ cut -c67- manifest-sha256.txt tagmanifest-sha256.txt signatures/SHA256SUMS; echo tagmanifest-sha256.txt; echo signatures/SHA256SUMS; } | sort > "$tmp/ma-byc"
diff "$tmp/jest" "$tmp/ma-byc" || nie "pliki dołożone lub wymienione dwa razy / files added or listed twice"
oxum=$(sed -n 's/^Payload-Oxum: //p' bag-info.txt)
[ "$oxum" = "$(find data -type f -exec cat {} + | wc -c | tr -d ' ').$(find data -type f | wc -l | tr -d ' ')" ] || nie "Payload-Oxum"
[ "$(cat bagit.txt)" = "$(printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8')" ] || nie bagit.txt
tak "pliki / files: $oxum"

# 2. pieczęć całości / the seal of the whole
openssl cms -verify -binary -cades -purpose any -no_check_time -inform PEM -in signatures/tagmanifest-sha256.txt.p7s \
  -content tagmanifest-sha256.txt -CAfile signatures/seal-chain.pem -out /dev/null 2> "$tmp/cms" || nie "pieczęć / seal: $(cat "$tmp/cms")"
grep -q 'CAdES Verification successful' "$tmp/cms" || nie "pieczęć / seal: $(cat "$tmp/cms")"
awk '/BEGIN/{c=""} {c=c $0 "\n"} END{printf "%s", c}' signatures/seal-chain.pem > "$tmp/root.pem"
tak "pieczęć / seal: $(openssl x509 -in "$tmp/root.pem" -noout -fingerprint -sha256)"
stempel() { # file, token: checked at the token's own time, so that it holds when the certificates have ended
  local at
  at=$(openssl ts -reply -in "$2" -text 2> /dev/null | sed -n 's/^Time stamp: //p')
  openssl ts -verify -in "$2" -data "$1" -CAfile signatures/tsa-chains.pem -untrusted signatures/tsa-chains.pem \
    -attime "$(date -u -d "$at" +%s 2> /dev/null || date -u +%s)" > "$tmp/ts" 2>&1 || nie "znacznik czasu / timestamp $2: $(cat "$tmp/ts")"
}
case $(sed -n 's/^ChOP-Seal-Timestamp: //p' bag-info.txt) in
  none) echo "--  pieczęć bez znacznika czasu / the seal has no timestamp" ;;
  rfc3161) stempel signatures/tagmanifest-sha256.txt.p7s signatures/tagmanifest-sha256.txt.p7s.tsr; tak "znacznik czasu pieczęci / timestamp of the seal" ;;
  rfc3161-test) stempel signatures/tagmanifest-sha256.txt.p7s signatures/tagmanifest-sha256.txt.p7s.tsr
    echo "--  znacznik próbny, bez wartości w sądzie / a test timestamp, worth nothing in court" ;;
  *) nie "bag-info.txt" ;;
esac

# 3. dziennik / the log
name=$(cut -d+ -f1 log/vkey)
{ echo 302a300506032b6570032100 | unhex; cut -d+ -f3- log/vkey | base64 -d | tail -c 32; } > "$tmp/key.der"
awk -v d="$tmp" '/^$/ {n++; next} {print > (d "/note" (n + 0))}' log/checkpoint
size=$(sed -n 2p "$tmp/note0"); root=$(sed -n 3p "$tmp/note0")
grep -F -- "— $name " "$tmp/note1" | head -n 1 | awk '{print $3}' | base64 -d | tail -c 64 > "$tmp/sig"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/key.der" -rawin -in "$tmp/note0" -sigfile "$tmp/sig" > /dev/null || nie "podpis dziennika / signature of the log"
tak "dziennik / log: $size, $(cat log/vkey)"
w_dzienniku() { # proof, leaf as hex: RFC 9162, 2.1.3.2
  local index r p fn sn
  index=$(sed -n 's/^index //p' "$1")
  r=$({ printf '\x00'; echo "$2" | unhex; } | sum)
  fn=$index; sn=$((size - 1))
  [ "$fn" -le "$sn" ] || return 1
  for p in $(awk '/^$/ {exit} NR > 2' "$1"); do
    p=$(echo "$p" | base64 -d | hex)
    [ "$sn" -gt 0 ] || return 1
    if [ $((fn & 1)) = 1 ] || [ "$fn" = "$sn" ]; then
      r=$(echo "01$p$r" | unhex | sum)
      while [ $((fn & 1)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn >> 1)); sn=$((sn >> 1)); done
    else
      r=$(echo "01$r$p" | unhex | sum)
    fi
    fn=$((fn >> 1)); sn=$((sn >> 1))
  done
  [ "$sn" = 0 ] && [ "$(echo "$r" | unhex | base64)" = "$root" ]
}

# 4. dowody / exhibits
n=0; t=0
for d in data/D-*; do
  [ "$(jq -r .code "$d/capture.json")" = "${d#data/}" ] || nie "$d: numer / number"
  diff <(jq -r '.files[].sha256' "$d/capture.json" | sort) <(find "$d/files" -type f -exec sha256sum {} + | cut -c1-64 | tr -d '\\' | sort) > /dev/null ||
    nie "$d: pliki nie są tymi z opisu / files are not those of the description"
  [ "$(sed -n 3p "$d/commitment.txt")" = "$(sum < "$d/capture.json")" ] || nie "$d: commitment.txt"
  cmp -s log/checkpoint <(sed '1,/^$/d' "$d/capture.json.tlog-proof") || nie "$d: inny stan dziennika / another state of the log"
  w_dzienniku "$d/capture.json.tlog-proof" "$(sum < "$d/commitment.txt")" || nie "$d: nie ma go w dzienniku / not in the log"
  for r in "$d"/capture.json*.tsr; do
    [ -e "$r" ] || continue
    stempel "$d/capture.json" "$r"; t=$((t + 1))
  done
  n=$((n + 1))
done
[ "$n" = "$(sed -n 's/^ChOP-Exhibits: //p' bag-info.txt)" ] || nie "liczba dowodów / number of exhibits"
tak "dowody / exhibits: $n, znaczniki czasu / timestamps: $t"
echo "WSZYSTKO SIĘ ZGADZA / ALL HOLDS"
