# Everything a developer does. `make` alone lists it; anything longer than a line or two lives in local/stack.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
ARCH ?= arm64
FUNCTIONS := login users presign s3-event purge
RUN := $(PYTHON) local/stack
BUILD_TOOLS := PATH="$(CURDIR)/.venv-build/bin:$$PATH"
SAM := SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam

.PHONY: help
help: ## list what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z<][^:]*:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '  make %-16s %s\n' 'invoke-<function>' 'run one function in the Lambda image (EVENT=events/….json, SAM_ARGS=…; needs Docker)'

# ---- every day

.PHONY: dev
dev: ## run the whole backend locally until Ctrl-C (PORT=9000, WECHAT_API_BASE_URL=…)
	@$(RUN) dev

.PHONY: test
test: ## run every test against a fresh stack (ARGS='…' goes to cargo test)
	@$(RUN) exec -- cargo test --workspace $(ARGS)

.PHONY: load
load: ## measure the whole under load, against a fresh stack; takes some minutes (LOAD_SECONDS=60, ARGS='name of one')
	@$(RUN) exec -- cargo test -p system-tests --test load -- --ignored --nocapture --test-threads=1 $(ARGS)

.PHONY: lint
lint: .venv/.installed .venv-sam/.installed ## check formatting, clippy, documentation, the stack's Python and the template
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
	.venv/bin/ruff check local/stack
	.venv/bin/ruff format --check local/stack
	.venv-sam/bin/cfn-lint --template template.yaml --regions us-east-1 cn-north-1 cn-northwest-1
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml

.PHONY: fmt
fmt: .venv/.installed ## format Rust and Python
	cargo fmt --all
	.venv/bin/ruff format local/stack

.PHONY: logs
logs: ## follow what the functions of `make dev` log
	@tail -n 20 -F .local/logs/dev/*.log

# ---- deployment

.PHONY: build
build: .venv-build/.installed rust-target ## build the release binaries for Lambda and print their sizes (ARCH=arm64 or x86_64)
	$(BUILD_TOOLS) cargo lambda build --release --output-format zip $(if $(filter arm64,$(ARCH)),--arm64,--x86-64) \
		$(FUNCTIONS:%=--bin %)
	@cd target/lambda && wc -c $(FUNCTIONS:%=%/bootstrap.zip) | awk '{printf "  %-24s %6.2f MB\n", $$2, $$1 / 1e6}'

.PHONY: keys
keys: ## make or rotate the keys that sign a deployment's access tokens
	@$(RUN) keys

.PHONY: deploy
deploy: .venv-build/.installed .venv-sam/.installed rust-target ## build and deploy to AWS; asks for the parameters the first time
	$(BUILD_TOOLS) $(SAM) build --parameter-overrides Architecture=$(ARCH)
	$(SAM) deploy --capabilities CAPABILITY_IAM $(if $(wildcard samconfig.toml),,--guided)

# With one of these, `sam local invoke` runs the release binary in the Lambda image, against the stack of `make dev`.
$(FUNCTIONS:%=invoke-%): ARCH = $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
$(FUNCTIONS:%=invoke-%): invoke-%: .venv-build/.installed .venv-sam/.installed
	@test -f .local/sam-env.json || { echo "Run 'make dev' in another terminal first: the function talks to its stack."; exit 1; }
	$(BUILD_TOOLS) $(SAM) build $(RESOURCE_$*) --parameter-overrides Architecture=$(ARCH)
	@$(RUN) sam-invoke -- .venv-sam/bin/sam local invoke $(RESOURCE_$*) --event $(or $(EVENT),$(EVENT_$*)) \
		--parameter-overrides Architecture=$(ARCH) $(SAM_ARGS)

RESOURCE_login := LoginFunction
RESOURCE_users := UsersFunction
RESOURCE_presign := PresignFunction
RESOURCE_s3-event := S3EventFunction
RESOURCE_purge := PurgeFunction
EVENT_login := events/login.json
EVENT_users := events/users-me-get.json
EVENT_presign := events/uploads-create.json
EVENT_s3-event := events/s3-event-created.json
EVENT_purge := events/purge.json

.PHONY: rust-target
rust-target:
	@if command -v rustup >/dev/null; then rustup target add $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-unknown-linux-gnu; fi

# ---- operation

.PHONY: redrive
redrive: ## show the dead-letter queues and move their messages back (STACK=name for AWS, QUEUE=upload-events or purge, YES=1)
	@$(RUN) redrive --stack '$(STACK)' --queue '$(QUEUE)' $(if $(YES),--yes)

# ---- housekeeping

.PHONY: clean
clean: ## remove everything that was built, installed or logged (keys stay)
	cargo clean
	rm -rf .venv .venv-build .venv-sam .aws-sam .local/logs

.venv/.installed: local/requirements.txt
	@$(RUN) install

.venv-%/.installed: local/requirements-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
