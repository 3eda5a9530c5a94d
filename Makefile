# Targets of Postern. `make` lists them.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT     := go tool -modfile=scripts/tools/go.mod golangci-lint
FUZZTIME ?= 20s
TS       := clients/typescript
# npm writes it when it has installed everything that the lock file names.
TS_READY := $(TS)/node_modules/.package-lock.json

# Some Go distributions set GOTOOLCHAIN=local and then refuse a go.mod that asks for a newer Go.
export GOTOOLCHAIN := auto
# gin's MessagePack binding is never used.
export GOFLAGS := $(strip $(GOFLAGS) -tags=nomsgpack)

# Nothing asks the version control system behind our back: a source archive builds as well as a clone.
GO_BUILD := go build -buildvcs=false -trimpath

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build and start on embedded SQLite below ./data; prints the URL of Swagger UI and the admin
	@exec bin/postern serve

.PHONY: build
build: ## Build bin/postern
	CGO_ENABLED=0 $(GO_BUILD) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/...

.PHONY: test
test: ## Install what is missing, then run everything: check, the TypeScript client and the demo on the built server, all tests on all databases
	scripts/install.sh
	$(MAKE) --no-print-directory build check
	npm --prefix $(TS) test
	scripts/demo-run.sh
	scripts/with-backends.sh sh -c 'scripts/demo-run.sh ldap && scripts/test.sh -timeout 45m'

.PHONY: test-fast
test-fast: ## Run the quick tests, without database servers, under a minute
	go test -short ./...

.PHONY: generate
generate: $(TS_READY) ## Make everything anew that is generated from openapi.yaml
	scripts/node.sh
	go generate ./gen
	npm --prefix $(TS) run --silent generate

$(TS_READY): $(TS)/package.json $(TS)/package-lock.json $(TS)/.npmrc
	scripts/node.sh
	npm --prefix $(TS) ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: check
check: $(TS_READY) ## Prove that nothing generated is stale; imports, format, vet, lint. Works in any working tree, with or without git
	go mod tidy -diff
	scripts/fresh.sh
	test -z "$$(gofmt -l cmd gen scripts server store clients | tee /dev/stderr)"
	go vet ./...
	$(LINT) run

.PHONY: bench
bench: ## Run the benchmarks side by side and print their ratios
	go test -run '^$$' -bench . -benchmem -count 3 ./server/servertest/engines | tee /dev/stderr | awk -f scripts/ratios.awk
	go test -run '^$$' -bench Pages -benchmem ./store/sqlstore | tee /dev/stderr | awk -f scripts/ratios.awk
	go test -run '^$$' -bench . -benchtime 1x ./cmd/postern

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (20s)
	scripts/fuzz.sh $(FUZZTIME) ./server/edge ./store/password

.PHONY: mutate
mutate: ## Lower each right of openapi.yaml in turn; the tests of rights have to notice each
	go test -count 1 -run '^TestEveryRightIsTested$$' -v ./server/servertest/access

.PHONY: vulncheck
vulncheck: ## Look for known faults that the programs reach, in a database that is a Go module
	scripts/vulncheck.sh

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin $(TS)/dist
