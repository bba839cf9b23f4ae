# Sinfonia's commands. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help tools setup build run test test-rust test-postgres test-upgrade test-browser test-clients fmt lint conformance bench chaos clean

export SINFONIA_DATA ?= data
export SINFONIA_ORACLES ?= $(CURDIR)/../shared/oracles

help: ## Lists the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

tools: ## Says which tools are missing
	@scripts/check-tools.sh

setup: tools ## Installs the npm packages of the lock file
	@scripts/install-packages.sh

build: setup ## Builds the program, release
	cargo build --release --locked -p sinfonia

run: build ## Builds, makes the demo region when there are no data, serves (SINFONIA_LISTEN=127.0.0.1:8080)
	./target/release/sinfonia demo
	./target/release/sinfonia serve

test: test-rust test-postgres test-upgrade test-browser test-clients ## Runs every test

test-rust: setup ## Runs the tests of the Rust code
	@scripts/install-spiff.sh
	@scripts/install-postgres.sh
	@if command -v cargo-nextest >/dev/null; then \
	    cargo nextest run --workspace --locked --no-fail-fast; \
	else \
	    cargo test --workspace --locked --no-fail-fast; \
	fi

# The suites that need a store, on the other store: what the first run showed on SQLite.
STORED := package(access) or package(account) or package(citizens) or package(component) or package(facilities) or package(hub) or package(oauth) \
    or package(operate) or package(orchestrator) or package(pathways) or package(privacy) or package(rights) or package(staff) or package(web)
test-postgres: setup ## Runs the suites that need a store on PostgreSQL
	@scripts/install-postgres.sh
	@if command -v cargo-nextest >/dev/null; then \
	    SINFONIA_TEST_STORE=postgres cargo nextest run --workspace --locked --no-fail-fast -E '$(STORED)'; \
	else \
	    SINFONIA_TEST_STORE=postgres cargo test --workspace --locked --no-fail-fast; \
	fi

# With the features that the tests were built with: another set would compile half of the crates a second time.
BUILT := cargo build --locked --workspace

# From an earlier commit's program to today's under load; scripts/older-program.txt says which and why.
test-upgrade: setup ## Replaces an older program by today's over one PostgreSQL under load (SINFONIA_OLDER=program)
	@scripts/install-postgres.sh
	@older="$$(scripts/older-program.sh)" || { [ $$? = 3 ] && echo "THE UPGRADE WAS NOT TESTED" && exit 0; exit 1; }; \
	$(BUILT) --bin bench --bin sinfonia; \
	how="$${older##* }"; \
	"$${CARGO_TARGET_DIR:-target}/debug/bench" upgrade --from "$${older% *}" $$([ "$$how" = rolling ] || echo "--$$how") \
	    --folder "$${CARGO_TARGET_DIR:-target}" --clients 3 --workers 1

test-browser: setup ## Runs the tests in a real browser
	@scripts/install-browser.sh
	$(BUILT) --bin sinfonia
	npm run test:browser

test-clients: setup ## Runs FHIR clients that others wrote against the server
	$(BUILT) --bin sinfonia
	npm run test:clients

fmt: ## Formats the code
	cargo fmt --all

lint: setup ## Checks format, lints and dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@scripts/check-licences.sh

conformance: setup ## Runs the conformance suites and writes docs/conformance.md and docs/fhir.md
	cargo run --release --locked -p conformance -- doc
	cargo run --release --locked -p conformance -- fhir-doc

bench: setup ## Measures the engine, the hub and the disk
	cargo build --release --locked -p bench -p sinfonia
	scripts/install-peers.sh
	target/release/bench probe
	target/release/bench engine --peers target/peers
	target/release/bench usertasks
	target/release/bench hub
	target/release/bench access

# make chaos FAULTS=1000 SEED=7 is the full campaign
FAULTS ?= 60
SEED ?= 1
chaos: setup ## Breaks everything under load and looks whether anything is lost or done twice (FAULTS=60 SEED=1)
	@scripts/install-postgres.sh
	cargo build --release --locked -p bench -p sinfonia
	target/release/bench chaos --folder target --nodes 2 --faults $(FAULTS) --seed $(SEED)
	target/release/bench chaos --folder target --nodes 0 --faults $$(( $(FAULTS) / 2 )) --seed $(SEED)

clean: ## Removes what was built (not the data)
	cargo clean
	rm -rf node_modules web-dist artifacts
