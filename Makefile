# The commands of everyday work; `make` alone lists them. What they do stands in scripts/.
.DEFAULT_GOAL := help
SHELL := /bin/bash
CONFIGURATION ?= debug
ARGS ?=

.PHONY: help run cluster build dist test lint fuzz check coverage sanitize bench clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## install what is missing, build, start the demo classroom on port 3001 (ARGS="--port 8080" adds options)
	@scripts/install-dependencies.sh build
	@[ -d .build ] || printf '%s\n' 'First build: SwiftNIO, Hummingbird and the other dependencies are compiled too. That took 5 minutes on two cores;' 'later builds take seconds.'
	@swift build --configuration $(CONFIGURATION) --product dunlin
	@exec "$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/dunlin" serve --demo $(ARGS)

cluster: ## two servers as one on this machine: PostgreSQL, Redis, nginx on port 8080 (installs what is missing; ends with Ctrl-C)
	@scripts/install-dependencies.sh test
	@swift build --configuration $(CONFIGURATION) --product dunlin
	@exec scripts/cluster.sh --demo $(ARGS)

build: ## release binaries of dunlin and the examples in .build/release
	@scripts/install-dependencies.sh build
	@swift build --configuration release

dist: ## dist/dunlin: one stripped release binary with the Swift runtime linked in, tried in an empty folder
	@scripts/dist.sh

test: lint ## lint, build and run every test: unit, integration, end to end (installs what is missing)
	@scripts/test.sh

lint: ## formatting, the arrows between targets, tables of events and limits, syntax of scripts
	@scripts/lint.sh

fuzz: ## random requests and packets for long (SEEDS=2000 FIRST_SEED=1 SECONDS_AT_MOST=1800)
	@scripts/fuzz.sh

check: ## kill -9, stops and cut connections in the middle of quizzes, for long (SEEDS=20 FAULTS=kill-node,kill-postgres NODES=2; ARGS="--help")
	@scripts/install-dependencies.sh test
	@swift build --configuration $(CONFIGURATION) --product dunlin
	@DUNLIN_BINARY="$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/dunlin" .tools/venv/bin/python Tests/SimulationTests/simulate.py \
		$(if $(SEEDS),--seeds $(SEEDS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(NODES),--nodes $(NODES)) $(ARGS)

coverage: ## coverage of the Swift tests: a table, and coverage/lcov.info
	@scripts/coverage.sh

sanitize: ## the Swift tests under the address and the thread sanitizer, each with a clean build (takes half an hour)
	@scripts/sanitize.sh address
	@scripts/sanitize.sh thread

bench: ## CPU per message and per connection beside the floor and python-socketio, in one run (takes minutes)
	@scripts/bench.sh

clean: ## remove everything that was built, installed into the checkout or written by a run
	rm -rf .build .build-* .tools coverage dist reports
