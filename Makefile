# ChOP. `make help` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export CGO_ENABLED := 0

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: ## start with the lively sample firm on http://127.0.0.1:8484
	go run ./cmd/chop serve --demo

build: ## the program as ./bin/chop
	go build -trimpath -ldflags "-s -w -X main.version=$$(git describe --always --dirty 2>/dev/null || echo dev)" -o bin/chop ./cmd/chop

deps: ## install what the tests need (Debian packages)
	./scripts/deps.sh

check: ## format, vet, lint, house
	@test -z "$$(gofmt -l cmd internal test *.go | tee /dev/stderr)" || { echo "run: gofmt -w ."; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test . ./internal/lang

test: deps check ## every test, after installing what they need
	go test -timeout 15m ./...

race: ## the same under the race detector (slower, needs cgo)
	CGO_ENABLED=1 go test -race -timeout 30m ./internal/...

fuzz: ## every fuzz target for 20 seconds
	./scripts/fuzz.sh 20s

parity: ## count pairs as CooRTweet does, on the public sets: make parity DATA=FOLDER
	COORDINATION_DATA=$(DATA) go test -count=1 -tags parity -run Peer ./internal/coordination/count

bench: ## the measures of docs/measures.md
	go run ./bench

generate: ## regenerate the pages' Go code from the templates
	go tool templ generate -path internal/web
	gofmt -w internal/web

.PHONY: help run build deps check test race fuzz parity bench generate
