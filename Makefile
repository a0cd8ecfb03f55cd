# Everything that a developer or CI runs. Tools are pinned here and run through go run.
SHELL := /bin/bash
GO ?= go
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
TAGGED := $(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null | sed 's/^v//')
COMMIT := $(shell git describe --always --dirty 2>/dev/null)
VERSION ?= $(or $(TAGGED),0.0.0-$(or $(COMMIT),dev))
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
OPA := github.com/open-policy-agent/opa@v1.22.0
CONFTEST := github.com/open-policy-agent/conftest@v0.71.1
# Newer versions of GoReleaser need a newer Go, or a module that isn't there.
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.15.4
export SYFT := github.com/anchore/syft/cmd/syft@v1.52.0
export COSIGN := github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
KUSTOMIZE := sigs.k8s.io/kustomize/kustomize/v5@v5.8.2
KUBECONFORM := github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
KUBERNETES_SCHEMAS := sigs.k8s.io/kubectl-validate@v0.0.4
SIZES ?= 1000 10000 100000 1000000
ROUNDS ?= 3
FUZZTIME ?= 20s
CHROMIUM ?= chromium
export CGO_ENABLED := 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

BUILD = $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

RELEASE = VERSION=$(VERSION) $(GO) run $(GORELEASER) release --clean

.PHONY: build
build: ## Build bin/domicile, static and stamped with its version
	$(BUILD) -o bin/domicile ./cmd/domicile

.PHONY: release-check
release-check: ## Check the configuration of releases
	VERSION=$(VERSION) $(GO) run $(GORELEASER) check

.PHONY: manifests
manifests: ## Render the Kubernetes manifests and check them against the API's schemas (needs jq)
	@set -e -o pipefail; rm -rf out/kubernetes; \
	conforms() { $(GO) run $(KUBECONFORM) -strict -summary -schema-location 'out/kubernetes/{{ .Group }}/{{ .ResourceAPIVersion }}.json'; }; \
	api=$$($(GO) mod download -json $(KUBERNETES_SCHEMAS) | jq -r .Dir)/pkg/openapiclient/builtins/1.30; \
	for file in $$api/api/v1.json $$api/apis/*/v*.json; do \
		group=$$(basename $${file%/*}); folder=out/kubernetes/$${group/%api/v1}; \
		mkdir -p $$folder; jq -f .ci/kubernetes-schema.jq $$file > $$folder/$${file##*/}; \
	done; \
	for folder in deploy/kubernetes/*; do \
		echo $$folder; $(GO) run $(KUSTOMIZE) build $$folder > out/kubernetes/$${folder##*/}.yaml; \
		conforms < out/kubernetes/$${folder##*/}.yaml; \
		! sed 's/readOnlyRootFilesystem/readonly/' out/kubernetes/$${folder##*/}.yaml | conforms > /dev/null 2>&1 || { echo "a misspelt field passes"; exit 1; }; \
	done

.PHONY: completions
completions:
	@mkdir -p bin/completions
	@for shell in bash zsh fish powershell; do $(GO) run ./cmd/domicile completion $$shell > bin/completions/domicile.$$shell || exit 1; done

.PHONY: dist
dist: ## Build a release into dist: an archive for each system, its SBOM, and their checksums
	$(RELEASE) --snapshot --skip=sign

.PHONY: release
release: ## Build, sign and publish the release of the tag that is checked out, as its workflow does
	$(RELEASE)

.PHONY: demo
demo: build ## Scan the simulated tenant and leave reports in out/demo
	@code=0; bin/domicile scan --demo --out out/demo || code=$$?; \
	echo; echo "The scan ended with exit code $$code (3: violations found, as the simulated tenant is weak)."; \
	echo "Open out/demo/report.html in a browser; out/demo/evidence is what was read."; \
	test $$code -eq 3

.PHONY: demo-remediation
demo-remediation: build ## Plan, approve, apply, scan again and roll back on the simulated tenant, in out/remediation
	@rm -rf out/remediation && mkdir -p out/remediation
	@bin/domicile simulate --tenant weak --write-config out/remediation >out/remediation/simulate.log 2>&1 & simulator=$$!; trap "kill $$simulator" EXIT; \
		until grep -q '^serving' out/remediation/simulate.log; do kill -0 $$simulator && sleep 0.1 || exit 1; done; \
		run() { want=$$1; shift; echo; echo "domicile $$*"; code=0; bin/domicile "$$@" --config out/remediation/domicile.yaml || code=$$?; test $$code -eq $$want; }; \
		for who in pipeline bob; do bin/domicile key new --out out/remediation/$$who.pem --quiet || exit 1; done; \
		printf '%s\n' 'signing_key: pipeline.pem' 'trusted_keys: [{file: pipeline.pem.pub, name: pipeline}]' 'remediation:' '  max_changes: 100' \
			'  require_approval: true' '  approvers: [{file: bob.pem.pub, name: bob@contoso.example}]' >>out/remediation/domicile.yaml; \
		export DOMICILE_HISTORY=out/remediation/history.db; \
		run 3 scan --out out/remediation/before --quiet --record && \
		run 0 remediate plan out/remediation/before/result.json --author "$${USER:-demo}" --quiet && \
		run 3 remediate apply out/remediation/before/plan.json --yes --quiet && \
		run 0 remediate approve out/remediation/before/plan.json --key out/remediation/bob.pem --reason 'Seen in the demo' --yes && \
		run 0 remediate apply out/remediation/before/plan.json --yes --quiet --record && \
		run 0 verify out/remediation/before/plan.record.json && \
		run 3 scan --out out/remediation/after --previous history --record && \
		run 3 remediate rollback out/remediation/before/plan.journal --yes --quiet --record && \
		echo && echo "The rollback ends with 3, as nothing can be given back to an account that is deleted." && \
		bin/domicile history list && echo && \
		echo "Open out/remediation/before/plan.html, which was approved, and out/remediation/after/report.html, which says so, in a browser."

.PHONY: test
test: ## Run every test that needs nothing but Go
	@echo "Left out: what needs more than Go (the race detector, the outside validators), which .ci/run runs."
	$(GO) test -timeout 30m ./...

.PHONY: race
race: ## Run the tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -timeout 60m -race ./...

.PHONY: scale
scale: ## Collect a large tenant within the documented limits, and measure CPU and memory
	$(GO) test ./internal/graph -tags integration -count=1 -v -run 'TestCollectingCosts|TestALargeTenant|TestMemoryStaysFlat|TestNoRequestPerObject|TestABusyService'
	$(GO) test ./internal/graph -run '^$$' -bench 'CollectUsers|Floor' -benchtime 3x -count 3

.PHONY: rego
rego: ## Run the rules' own tests, with coverage
	$(GO) run ./cmd/domicile policy test

.PHONY: lint
lint: ## Vet, lint (workflows too), and check that the rules are formatted and compile strictly
	$(GO) vet ./...
	$(GO) run $(GOLANGCI_LINT) run
	$(GO) run $(ACTIONLINT) .github/workflows/*.yml ci/github.yml
	$(GO) test ./policies -run 'TestRegoIsFormatted|TestRulesLoad' -count=1

.PHONY: fmt
fmt: ## Format Go and Rego
	$(GO) run $(GOLANGCI_LINT) fmt
	$(GO) test ./policies -run TestRegoIsFormatted -count=1 -update

.PHONY: golden
golden: ## Write the golden files anew; look at the difference before you commit it
	$(GO) test ./reports -count=1 -update

.PHONY: docs
docs: ## Write docs/rules.md from the rules' METADATA, docs/personal-data.md from the schemas
	$(GO) test ./policies -run TestRulesDocument -count=1 -update
	$(GO) test ./evidence -run TestPersonalDataDocument -count=1 -update

.PHONY: screenshots
screenshots: ## Make the README's pictures from the demo anew (needs Chromium; CHROMIUM names it)
	$(MAKE) build VERSION=0.0.0
	@mkdir -p docs/images out/screenshots/dashboard
	bin/domicile scan --demo --now 2026-11-21 --format html --quiet --out out/screenshots || test $$? -eq 3
	$(GO) test ./internal/web -run 'TestPages$$' -count=1 -pages $(CURDIR)/out/screenshots/dashboard
	@for scheme in dark:0 light:1; do \
		$(CHROMIUM) --headless --hide-scrollbars --window-size=1280,1160 --blink-settings=preferredColorScheme=$${scheme#*:} \
			--screenshot=docs/images/report-$${scheme%:*}.png file://$(CURDIR)/out/screenshots/report.html || exit 1; \
		$(CHROMIUM) --headless --hide-scrollbars --window-size=1280,1000 --blink-settings=preferredColorScheme=$${scheme#*:} \
			--screenshot=docs/images/dashboard-$${scheme%:*}.png file://$(CURDIR)/out/screenshots/dashboard/overview.html || exit 1; \
	done

.PHONY: fuzz
fuzz: ## Fuzz each parser of untrusted input for FUZZTIME
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test $$package -list '^Fuzz' | grep '^Fuzz'); do \
			echo "$$package $$target"; $(GO) test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; \
	done

.PHONY: bench
bench: build ## Measure SIZES of evidence against opa eval, conftest and a check by hand
	GOBIN=$(CURDIR)/bin/peers $(GO) install -trimpath $(OPA)
	GOBIN=$(CURDIR)/bin/peers $(GO) install -trimpath $(CONFTEST)
	$(GO) build -trimpath -o bin/bench ./internal/bench
	bin/bench run -domicile bin/domicile -opa bin/peers/opa -conftest bin/peers/conftest -sizes "$(SIZES)" -rounds $(ROUNDS)
	$(GO) test ./evidence ./policies ./internal/bench -run '^$$' -bench . -benchmem

.PHONY: check
check: lint test rego ## What CI runs, and that the tree is clean afterwards
	$(GO) mod tidy -diff
	git diff --exit-code
