#!/bin/bash
# Checks a WACZ with unzip, jq, sha256sum and openssl only; status 0 only if every check passes.
set -euo pipefail
wacz=$(realpath "$1"); dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
unzip -q "$wacz" -d "$dir/w"; cd "$dir/w"; rc=0
jq -r '.resources[] | (.hash | sub("^sha256:"; "")) + "  " + .path' datapackage.json > ../sums
if sha256sum -c --quiet ../sums; then echo FILES-OK; else echo FILES-FAIL; rc=1; fi
if diff <(jq -r '.resources[].path' datapackage.json | sort) \
  <(find . -type f ! -name datapackage.json ! -name datapackage-digest.json -printf '%P\n' | sort) >/dev/null
then echo LIST-OK; else echo LIST-FAIL; rc=1; fi
hash=$(jq -r .hash datapackage-digest.json)
if [ "$hash" = "sha256:$(sha256sum datapackage.json | cut -d' ' -f1)" ] && [ "$(jq -r .signedData.hash datapackage-digest.json)" = "$hash" ]
then echo DIGEST-OK; else echo DIGEST-FAIL; rc=1; fi
cd ..
jq -j .signedData.hash w/datapackage-digest.json > signed
jq -r .signedData.publicKey w/datapackage-digest.json | base64 -d | openssl pkey -pubin -inform DER -out key.pem
jq -r .signedData.signature w/datapackage-digest.json | base64 -d > sig
hex() { od -An -v -tx1 | tr -d ' \n'; }
printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$(head -c48 sig | hex)" "$(tail -c48 sig | hex)" > sig.cnf
openssl asn1parse -genconf sig.cnf -noout -out sig.der
if openssl dgst -sha256 -verify key.pem -signature sig.der signed; then echo SIGNATURE-OK; else echo SIGNATURE-FAIL; rc=1; fi
exit $rc
