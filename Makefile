# Everything a developer does. `make` alone lists it; anything longer than a line or two lives in tools/backend.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
# What was answered for Architecture at the first deployment holds for the next ones.
ARCH ?= $(or $(firstword $(shell sed -n 's/.*Architecture=[\\"]*\([a-z0-9_]*\).*/\1/p' samconfig.toml 2>/dev/null)),arm64)
FUNCTIONS := $(notdir $(wildcard functions/*))
RUN := $(PYTHON) tools/backend
RUFF := RUFF_CACHE_DIR=.local/ruff .venv-lint/bin/ruff
SIM := target/sim/sim
BENCH := cargo run --quiet --profile bench-tool -p bench --
BUILD_TOOLS := PATH="$(CURDIR)/.venv-build/bin:$$PATH"
CARGO_TOOLS := PATH="$(CURDIR)/.tools/bin:$$PATH"
SAM := SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam
# Only the client and the reference page need Node; without it, everything else works.
NODE := $(shell node -e '[a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 10) ? 0 : 1)' 2>/dev/null && echo yes)
NODE_PACKAGES := client tools/reference
# Of some packages, or nothing without Node.
node-modules = $(if $(NODE),$(1:%=%/node_modules/.installed))
# npm-run PACKAGE,SCRIPT
npm-run = $(if $(NODE),npm --silent --prefix $1 run $2,echo "$1 is left out: it needs Node 20.10 or newer.")

.PHONY: help
help: ## list what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z<][^:]*:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '  make %-16s %s\n' 'invoke-<function>' 'run one function in the Lambda image (EVENT=events/….json, SAM_ARGS=…; needs Docker)'

# ---- every day

.PHONY: dev
dev: $(if $(NODE),docs) ## run the whole backend locally until Ctrl-C (PORT=9000, WECHAT_API_BASE_URL=…)
	@$(RUN) dev

.PHONY: test
test: $(if $(ARGS),,venv-schemathesis $(call node-modules,client) docs) ## run every test against a fresh stack, then compare roles with use, and the API with openapi.yaml (ARGS='…' goes to cargo test alone)
	@failed=0; $(RUN) exec -- $(SHELL) -ec \
		'export USED_PERMISSIONS="$$STACK_LOGS/permissions" SEEN_RESPONSES="$$STACK_LOGS/responses"; failed=0; \
		cargo test --workspace --no-fail-fast "$$@" || failed=1; $(COMPARE) || failed=1; \
		$(if $(ARGS),,$(foreach package,$(NODE_PACKAGES),$(call npm-run,$(package),test) || failed=1;)) exit $$failed' test $(ARGS) || failed=1; \
		$(if $(ARGS),,$(ENFORCED) || failed=1; $(CONFORMANCE) $(RUN) exec -- tools/conformance/run || failed=1;) exit $$failed

# The tests note what the functions ask AWS for. Only all of them together show all of it; after a test that failed,
# what the rest of it would have used may be named here too.
COMPARE = $(if $(ARGS),echo "Not compared with the roles in template.yaml: not all tests ran.", \
	cargo test --workspace --test privileges -- --ignored)

# The other tests find a stack without content checks, as they are off by default.
ENFORCED = CONTENT_CHECK_MEDIA=enforce CONTENT_CHECK_TEXT=enforce $(RUN) exec -- \
	cargo test -p system-tests --test deployed -- --ignored content_checks

# The functions are configured as widely as openapi.yaml describes them.
CONFORMANCE = UPLOAD_TYPES=$(UPLOAD_TYPES) UPLOAD_MAX_BYTES=5368709120 AVATAR_MAX_BYTES=5368709120 \
	UPLOAD_PENDING_LIMIT=100 UPLOAD_DAILY_LIMIT=1000000 UPLOAD_TOTAL_BYTES=0
UPLOAD_TYPES = image/jpeg,image/png,image/webp,image/gif,image/heif,image/avif,image/bmp,video/mp4,video/quicktime,video/webm,audio/mpeg,audio/m4a,application/pdf

.PHONY: conformance
conformance: venv-schemathesis ## compare the API of a fresh stack with openapi.yaml
	@$(CONFORMANCE) $(RUN) exec -- tools/conformance/run

# Each change is tried with other inputs, and one tree always with the same. Without git, all with one.
TREE := $(or $(shell git rev-parse --verify --quiet 'HEAD^{tree}'),1)
export FUZZ_SEED ?= $(TREE)

.PHONY: fuzz
fuzz: ## run the fuzz targets longer than `make test` does (FUZZ_ROUNDS=50 of about 15 CPU seconds; ARGS='name of one', FUZZ_SEED=text)
	FUZZ_ROUNDS=$(or $(FUZZ_ROUNDS),50) cargo test -p fuzz --test bounded -- $(ARGS)

JUDGE := cargo run --quiet --manifest-path sim/judge/Cargo.toml --
RECORDINGS := .local/judge/histories.tsv .local/judge/drawn.tsv

.PHONY: sim-judge
sim-judge: venv ## compare the simulation's model of DynamoDB with dynoxide (nothing may differ) and with the emulator
	@cargo build --quiet --profile sim -p sim
	@mkdir -p .local/judge
	@$(SIM) record --histories 400 > .local/judge/histories.tsv
	@$(JUDGE) generate .local/judge/drawn.tsv
	$(JUDGE) dynoxide --store shared/src/store $(RECORDINGS)
	PYTHONPATH=tools .venv/bin/python sim/judge/emulator.py $(JUDGE) endpoint $(RECORDINGS)

.PHONY: sim
sim: ## the functions under seeds of this tree's own, with everything that can go wrong (HISTORIES=1000000; SEED=n prints one)
	@cargo build --quiet --profile sim -p sim
	@$(if $(SEED),$(SIM) replay $(SEED),$(if $(HISTORIES),,$(SIM_DIGESTS) &&) \
		$(SIM) random --from $(SIM_FROM) --histories $(or $(HISTORIES),10000) \
		$(if $(HISTORIES),,&& $(SIM) exhaustive --from $(SIM_FROM)))

# The same histories in two processes, on one thread and on two.
SIM_DIGESTS = cmp <($(SIM) digests --histories 200 --threads 1) <($(SIM) digests --histories 200 --threads 2)

SIM_FROM = $$((16\#$(shell echo $(TREE) | cut -c-12)))

.PHONY: nightly
nightly: load fuzz memory mutants ## what takes too long for every change: load, longer fuzzing, memory, mutants, all checks with new functions, release builds
	$(MAKE) try-new-function EVERYTHING=1
	$(MAKE) build ARCH=arm64
	$(MAKE) build ARCH=x86_64

.PHONY: load
load: ## measure the whole under load, against a fresh stack; takes some minutes (LOAD_SECONDS=60, ARGS='name of one')
	@$(RUN) exec -- cargo test -p system-tests --test load -- --ignored --nocapture --test-threads=1 $(ARGS)

.PHONY: bench
bench: ## measure the release binaries and write docs/performance.md (ARGS='--only users --runs 5', --json; some minutes)
	cargo build --release $(FUNCTIONS:%=-p %)
	@$(BENCH) run $(ARGS)

.PHONY: bench-peers
bench-peers: ## the same for one route beside Go, Node, Python and others, and throughput; what is not installed is left out
	cargo build --release -p users
	@$(BENCH) peers $(ARGS)

.PHONY: budget
budget: ## hold instructions, sizes and calls of the release binaries to bench/budget.toml (ARGS=--write; needs valgrind)
	cargo build --release $(FUNCTIONS:%=-p %)
	@$(BENCH) budget $(ARGS)

.PHONY: memory
memory: ## invoke each release binary 100,000 times, and make sure that its memory stays flat (ARGS='--runs 20000'; a quarter of an hour)
	cargo build --release $(FUNCTIONS:%=-p %)
	@$(BENCH) memory $(ARGS)

.PHONY: mutants
mutants: .tools/.mutants-installed ## change conditions and values one at a time, to see whether a test notices (ARGS='-f …/refresh.rs'; hours)
	$(CARGO_TOOLS) $(PYTHON) tools/mutants.py $(ARGS)

.PHONY: lint
lint: venv venv-lint venv-sam venv-checkov venv-actionlint .tools/.installed $(call node-modules,client) ## check formatting, clippy, documentation, dependencies, the client, the Python, the template and its rules, and the workflows
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
	$(CARGO_TOOLS) cargo deny --offline --log-level error check bans licenses sources
	$(CARGO_TOOLS) cargo machete
	$(RUFF) check tools
	$(RUFF) format --check tools
	.venv-lint/bin/mypy --config-file tools/pyproject.toml
	.venv/bin/python -m unittest discover --top-level-directory tools --start-directory tools/tests
	.venv-sam/bin/cfn-lint --template template.yaml --regions us-east-1 cn-north-1 cn-northwest-1
	.venv-sam/bin/cfn-lint --template cdn.yaml --regions us-east-1
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --template template.yaml
	.venv-checkov/bin/checkov --config-file .checkov.yaml
	cargo test --quiet --package system-tests --test template
	.venv-actionlint/bin/actionlint --shellcheck=
	@$(call npm-run,client,check)

.PHONY: client
client: $(call node-modules,client) ## build the client for mini-programs from client/src and openapi.yaml (needs Node)
	@$(call npm-run,client,build)

.PHONY: docs
docs: $(call node-modules,tools/reference) ## build the reference of the API, one page to read and to try: target/reference.html (needs Node 20.10)
	@$(call npm-run,tools/reference,build)

.PHONY: audit
audit: .tools/.installed ## look the dependencies up in RustSec's database of vulnerabilities (needs GitHub)
	$(CARGO_TOOLS) cargo deny check advisories

.PHONY: fmt
fmt: venv-lint ## format Rust and Python
	cargo fmt --all
	$(RUFF) format tools

.PHONY: new-function
new-function: ## make a function of your own that works, with its routes, role, alarms and tests (NAME=orders; QUEUE=1 for a queue; COUNT=0)
	@$(RUN) new-function '$(NAME)' $(if $(QUEUE),--queue) $(if $(filter 0,$(COUNT)),--no-count)

.PHONY: remove-function
remove-function: ## undo new-function, if nothing of it was changed (NAME=orders)
	@$(RUN) remove-function '$(NAME)'

.PHONY: try-new-function
try-new-function: ## in a copy of the tree: make functions as docs/extending.md says, try them, remove them and compare (EVERYTHING=1 runs all checks with them)
	@$(RUN) try-new-function $(if $(EVERYTHING),--everything)

.PHONY: logs
logs: ## follow what the functions of `make dev` log
	@tail -n 20 -F .local/logs/dev$(if $(filter-out 9000,$(PORT)),-$(PORT))/*.log

# ---- deployment

.PHONY: build
build: venv-build rust-target ## build the release binaries for Lambda and print their sizes (ARCH=arm64 or x86_64)
	$(BUILD_TOOLS) cargo lambda build --release --output-format zip $(if $(filter arm64,$(ARCH)),--arm64,--x86-64) \
		$(FUNCTIONS:%=--bin %)
	@cd target/lambda && wc -c $(FUNCTIONS:%=%/bootstrap.zip) | awk '{printf "  %-24s %6.2f MB\n", $$2, $$1 / 1e6}'

# What a deployment is known by: the release, and the commit it was built from.
COMMIT = $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)$(addprefix +,$(COMMIT))
$(if $(STACK),smoke doctor): export BUILD_VERSION = $(VERSION)

.PHONY: keys
keys: ## make or rotate the keys that sign a deployment's access tokens (LEAKED=1 forgets the old one)
	@$(RUN) keys $(if $(LEAKED),--leaked)

# SAM moves an alias when a function's code is new, and does not see that a parameter's value is. So every deployment is
# new code: with this file in it, whatever was deployed before, the functions that run are the ones that were asked for.
# Each version also says in its description what it was built from.
BUILT_TEMPLATE = .aws-sam/build/template.yaml
STAMP = for function in .aws-sam/build/*Function; do echo "$(VERSION) $$(date -u +%FT%TZ)" > "$$function/deployment"; done; \
	sed 's/VersionDescription: unstamped/VersionDescription: $(VERSION)/' $(BUILT_TEMPLATE) > $(BUILT_TEMPLATE).stamped && \
	mv $(BUILT_TEMPLATE).stamped $(BUILT_TEMPLATE)

.PHONY: secret
secret: ## put the app secret and the keys where a deployment reads them (STACK=name; ANYWAY=1 for a key it does not know yet; ROTATE=1 or LEAKED=1 for a new refresh key)
	@$(RUN) secret --stack '$(STACK)' $(if $(ANYWAY),--anyway) $(if $(ROTATE),--rotate) $(if $(LEAKED),--leaked)

QUESTIONS = $(if $(wildcard samconfig.toml),$(if $(GUIDED),--guided),--guided --parameter-overrides Architecture=$(ARCH))

.PHONY: deploy
deploy: venv-build venv-sam rust-target ## build and deploy to AWS; asks for the parameters the first time, and with GUIDED=1
	$(BUILD_TOOLS) $(SAM) build --parameter-overrides Architecture=$(ARCH)
	@$(STAMP)
	$(SAM) deploy --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND $(QUESTIONS)

.PHONY: package
package: venv-build venv-sam rust-target ## build what `make deploy` deploys, without deploying it: target/deployment.tar.gz
	$(BUILD_TOOLS) $(SAM) build --parameter-overrides Architecture=$(ARCH)
	@# An archive keeps the binaries executable, which artifacts of GitHub's do not.
	tar -czf target/deployment.tar.gz -C .aws-sam build

.PHONY: deploy-package
deploy-package: venv-sam ## deploy target/deployment.tar.gz without asking (STACK_NAME and PARAMETERS, a line of YAML each, in the environment)
	rm -rf .aws-sam/build && mkdir -p .aws-sam && tar -xzf target/deployment.tar.gz -C .aws-sam
	@$(STAMP)
	@printf '%s\n' "$$PARAMETERS" > .aws-sam/parameters.yaml
	$(SAM) deploy --template-file .aws-sam/build/template.yaml --stack-name "$$STACK_NAME" --resolve-s3 \
		--capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-fail-on-empty-changeset \
		--parameter-overrides file://.aws-sam/parameters.yaml

# With one of these, `sam local invoke` runs the release binary in the Lambda image, against the stack of `make dev`.
.PHONY: $(FUNCTIONS:%=invoke-%)
$(FUNCTIONS:%=invoke-%): ARCH = $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
$(FUNCTIONS:%=invoke-%): invoke-%: running-stack venv-build venv-sam
	@$(RUN) invoke $* --arch $(ARCH) $(if $(EVENT),--event '$(EVENT)') -- $(SAM_ARGS)

.PHONY: running-stack
running-stack:
	@$(RUN) running

.PHONY: rust-target
rust-target:
	@if command -v rustup >/dev/null; then rustup target add $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-unknown-linux-gnu; fi

# ---- operation

.PHONY: doctor
doctor: ## check what a deployment needs, before it (NAME=name) or after it (STACK=name; LOCAL=1 for `make dev`); WECHAT=1 asks WeChat too
	@$(RUN) doctor --name '$(NAME)' --stack '$(if $(NAME),,$(STACK))' --api '$(API)' $(if $(LOCAL),--local) $(if $(WECHAT),--wechat)

.PHONY: smoke
smoke: ## try an API with a few requests (STACK=name for a deployed one, API=address; the one of `make dev` without them)
	@$(RUN) smoke --stack '$(STACK)' --api '$(API)'

.PHONY: admin
admin: ## show the administrators and the latest users, or make one (STACK=name for AWS; OPENID=…, or CODE=alice-1 locally; REMOVE=1)
	@$(RUN) admin --stack '$(STACK)' $(if $(OPENID),--openid '$(OPENID)') $(if $(CODE),--code '$(CODE)') $(if $(REMOVE),--remove)

.PHONY: load-aws
load-aws: ## put a bounded load on a deployed API with hey (STACK=name or API=address, RATE=20, SECONDS=60; an access token in TOKEN)
	@TOKEN='$(TOKEN)' $(RUN) load-aws --stack '$(STACK)' --api '$(API)' $(if $(RATE),--rate '$(RATE)') \
		$(if $(SECONDS),--seconds '$(SECONDS)')

.PHONY: redrive
redrive: ## show the dead-letter queues and move their messages back (STACK=name for AWS, QUEUE=upload-events, YES=1)
	@$(RUN) redrive --stack '$(STACK)' --queue '$(QUEUE)' $(if $(YES),--yes)

.PHONY: reconcile
reconcile: ## compare the bucket with the table and show what differs; YES=1 repairs it (STACK=name for AWS, MINUTES=60: what is younger is left alone)
	@$(RUN) reconcile --stack '$(STACK)' $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(YES),--yes)

# ---- housekeeping

%/node_modules/.installed: %/package-lock.json
	npm ci --prefix $* --silent --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: clean
clean: ## remove everything that was built, installed or logged (keys stay)
	cargo clean
	rm -rf .venv .venv-* .tools .aws-sam .local/logs $(NODE_PACKAGES:%=%/node_modules)

# A minute each, and not optimised: they are run more seldom than they are built. What is there already stays.
.tools/.installed: Makefile
	cargo install --quiet --locked --debug --root .tools cargo-deny@0.20.2 cargo-machete@0.9.2
	@touch $@

# Only those who run it need it.
.tools/.mutants-installed: Makefile
	cargo install --quiet --locked --debug --root .tools cargo-mutants@27.0.0
	@touch $@

# Each of them has its own file of requirements in tools/. They are made anew when that changes, and when the clone moves.
.PHONY: venv
venv:
	@$(RUN) install
venv-%:
	@$(RUN) install $*

# For every Python from the oldest on and every platform, so that the files do not depend on who wrote them. They list all that
# is needed, and pip installs them without looking for more: it cannot hold hashes and extras, such as boto3[crt], together.
OLDEST_PYTHON = $(shell sed -n 's/^OLDEST_PYTHON = (\(.*\), \(.*\))/\1.\2/p' tools/backend/__main__.py)
REQUIREMENTS = $(wildcard tools/requirements*.txt) bench/peers/python/requirements.txt
COMPILE = .venv-pins/bin/uv pip compile --quiet --universal --python-version $(OLDEST_PYTHON) --no-annotate --no-header

.PHONY: pins
pins: venv-pins ## write the hashes of all Python packages anew, after a version was changed in a requirements file
	@mkdir -p .local
	@for file in $(REQUIREMENTS); do \
		{ grep '^#' "$$file"; $(COMPILE) --generate-hashes "$$file" || exit 1; } > .local/pins && \
		mv .local/pins "$$file" || exit 1; done

.PHONY: check-pins
check-pins: venv-pins ## whether every requirements file can be installed on the oldest Python that we promise
	@for file in $(REQUIREMENTS); do $(COMPILE) "$$file" > /dev/null || { echo "$$file: not on $(OLDEST_PYTHON)"; exit 1; }; done
	@echo "Every requirements file can be installed on Python $(OLDEST_PYTHON)."
