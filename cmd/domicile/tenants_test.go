package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/simulator"
)

const now = "2026-11-21T08:00:00Z"

// run1 runs the program in this process and returns its exit code and what it wrote.
func run1(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), args, Environment{Stdout: &out, Stderr: &errs, Getenv: os.Getenv, Now: time.Now})
	return code, out.String(), errs.String()
}

// resultIn is the result that a scan or an evaluation left in a folder.
func resultIn(t *testing.T, dir string) *findings.Result {
	t.Helper()
	result, _, _, err := scan.VerifyResult(filepath.Join(dir, scan.ResultFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// scanned is a simulated tenant's result, by the real pipeline over HTTPS.
func scanned(t *testing.T, tenant string) (*findings.Result, int) {
	t.Helper()
	dir := t.TempDir()
	code, _, stderr := run1(t, "scan", "--demo", "--tenant", tenant, "--now", now, "--out", dir, "--quiet")
	if _, err := os.Stat(filepath.Join(dir, scan.ResultFile)); err != nil {
		t.Fatalf("scan of %s ended with %d and left no result: %v\n%s", tenant, code, err, stderr)
	}
	result := resultIn(t, dir)
	if result.Exit.Code != code {
		t.Errorf("scan of %s ended with %d and its result says %d", tenant, code, result.Exit.Code)
	}
	return result, code
}

func outcomes(result *findings.Result, outcome findings.Outcome) []string {
	ids := []string{}
	for _, rule := range result.Rules {
		if rule.Outcome == outcome {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

// TestGoodPasses: on good every rule passes or is not applicable with a reason.
func TestGoodPasses(t *testing.T) {
	for _, tenant := range []string{"good", "gcchigh"} {
		result, code := scanned(t, tenant)
		if code != 0 {
			t.Errorf("%s: exit code %d, want 0: %s", tenant, code, result.Exit.Reason)
		}
		for _, outcome := range []findings.Outcome{findings.Fail, findings.Unknown} {
			if ids := outcomes(result, outcome); len(ids) > 0 {
				t.Errorf("%s: %s: %v, want none", tenant, outcome, ids)
			}
		}
		for _, rule := range result.Rules {
			if rule.Outcome == findings.NotApplicable && len(rule.Reasons) == 0 {
				t.Errorf("%s: %s is not applicable without a reason", tenant, rule.ID)
			}
		}
	}
}

// TestWeakFails: on weak every rule fails but those that exclude each other, each of
// which fails on the tenant that exclusive.yaml names.
func TestWeakFails(t *testing.T) {
	data, err := os.ReadFile("../../testdata/tenants/exclusive.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var exclusive []struct {
		Rule    string `yaml:"rule"`
		FailsOn string `yaml:"fails_on"`
		Reason  string `yaml:"reason"`
	}
	if err := yaml.UnmarshalWithOptions(data, &exclusive, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	weak, code := scanned(t, "weak")
	if code != exitViolations {
		t.Errorf("weak: exit code %d, want %d", code, exitViolations)
	}
	failing := outcomes(weak, findings.Fail)
	for _, e := range exclusive {
		if slices.Contains(failing, e.Rule) {
			t.Errorf("%s fails on weak and exclusive.yaml says that it can't", e.Rule)
		}
		if e.Reason == "" {
			t.Errorf("exclusive.yaml gives no reason for %s", e.Rule)
		}
		failing = append(failing, e.Rule)
	}
	for _, rule := range weak.Rules {
		if !slices.Contains(failing, rule.ID) {
			t.Errorf("%s does not fail on weak (%s) and is not in exclusive.yaml", rule.ID, rule.Outcome)
		}
	}
	results := map[string]*findings.Result{}
	for _, e := range exclusive {
		if results[e.FailsOn] == nil {
			results[e.FailsOn], _ = scanned(t, e.FailsOn)
		}
		if !slices.Contains(outcomes(results[e.FailsOn], findings.Fail), e.Rule) {
			t.Errorf("%s does not fail on %s", e.Rule, e.FailsOn)
		}
	}
}

// TestPartialNeverPassesWithoutEvidence: on partial no rule passes whose evidence has a
// gap, and each that can't be judged says why.
func TestPartialNeverPassesWithoutEvidence(t *testing.T) {
	result, code := scanned(t, "partial")
	if code != exitIncomplete {
		t.Errorf("exit code %d, want %d", code, exitIncomplete)
	}
	gaps := map[string]bool{}
	for _, gap := range result.Gaps {
		gaps[gap.Kind] = true
	}
	if len(gaps) < 4 {
		t.Errorf("gaps %v, want missing permissions, a throttled and a truncated collection", result.Gaps)
	}
	unknown := 0
	for _, rule := range result.Rules {
		if rule.Outcome == findings.Unknown {
			unknown++
			if len(rule.Reasons) == 0 || rule.Reasons[0].Message == "" {
				t.Errorf("%s is unknown and doesn't say why", rule.ID)
			}
		}
	}
	if unknown == 0 {
		t.Error("no rule is unknown on partial")
	}
	if code, _, _ := run1(t, "scan", "--demo", "--tenant", "partial", "--now", now, "--out", t.TempDir(), "--quiet", "--allow-incomplete"); code != 0 {
		t.Errorf("with --allow-incomplete the exit code is %d, want 0", code)
	}
}

// serve starts a simulated tenant at the time of the tests.
func serve(t *testing.T, name string) *simulator.Server {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := simulator.Load(domicile.Tenants(), name, at)
	if err != nil {
		t.Fatal(err)
	}
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Now: at})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// TestScansWriteNothing scans the tenants and asks the simulator what it was asked to change.
func TestScansWriteNothing(t *testing.T) {
	for _, name := range []string{"good", "weak", "partial"} {
		dir := t.TempDir()
		server := serve(t, name)
		defer server.Close()
		if err := server.WriteConfig(dir); err != nil {
			t.Fatal(err)
		}
		_, _, stderr := run1(t, "scan", "--config", filepath.Join(dir, config.FileName), "--now", now, "--out", filepath.Join(dir, "out"), "--quiet")
		if _, err := os.Stat(filepath.Join(dir, "out", "result.json")); err != nil {
			t.Fatalf("scanning %s: %v\n%s", name, err, stderr)
		}
		if len(server.Requests()) < 20 {
			t.Errorf("the scan of %s made the requests %v", name, server.Requests())
		}
		if writes := server.Writes(); len(writes) != 0 {
			t.Errorf("the scan of %s wrote %v", name, writes)
		}
	}
}

// TestEveryGapCosts takes each kind away from good's evidence in turn: no rule that needs
// it may still pass, and what it said before with the kind it must not say without it.
func TestEveryGapCosts(t *testing.T) {
	dir := t.TempDir()
	server := serve(t, "good")
	defer server.Close()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(dir, config.FileName)
	if code, _, stderr := run1(t, "collect", "--config", settings, "--now", now, "--out", filepath.Join(dir, "bundle"), "--quiet"); code != 0 {
		t.Fatalf("collect ended with %d\n%s", code, stderr)
	}
	bundle, err := evidence.Verify(filepath.Join(dir, "bundle"), nil)
	if err != nil {
		t.Fatal(err)
	}
	rules := policyList(t)
	for _, entry := range bundle.Manifest.Kinds {
		var needing []string
		for id, kinds := range rules {
			if slices.Contains(kinds, entry.Kind) {
				needing = append(needing, id)
			}
		}
		if len(needing) == 0 {
			continue
		}
		cut := filepath.Join(dir, "without-"+entry.Kind)
		without(t, bundle, entry.Kind, cut)
		out := filepath.Join(dir, "out-"+entry.Kind)
		run1(t, "evaluate", cut, "--config", settings, "--rule", strings.Join(needing, ","), "--out", out, "--format", "json", "--quiet")
		judged := resultIn(t, out).Rules
		if len(judged) != len(needing) {
			t.Errorf("without %s, %d rules are judged instead of %d", entry.Kind, len(judged), len(needing))
		}
		for _, rule := range judged {
			if rule.Outcome == findings.Pass {
				t.Errorf("without %s, %s passes although it must have it", entry.Kind, rule.ID)
			}
		}
	}
}

// policyList returns the kinds that each rule must have.
func policyList(t *testing.T) map[string][]string {
	t.Helper()
	_, stdout, _ := run1(t, "policy", "list", "--format", "json")
	var list []struct {
		ID       string `json:"id"`
		Evidence struct {
			All []string `json:"all"`
		} `json:"evidence"`
	}
	if err := json.Unmarshal([]byte(stdout), &list); err != nil {
		t.Fatal(err)
	}
	needs := map[string][]string{}
	for _, rule := range list {
		needs[rule.ID] = rule.Evidence.All
	}
	return needs
}

// without copies a bundle but for one kind, which becomes a gap.
func without(t *testing.T, bundle *evidence.Bundle, kind, dir string) {
	t.Helper()
	manifest := bundle.Manifest
	manifest.Kinds, manifest.Gaps = nil, nil
	writer, err := evidence.Create(dir, manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range bundle.Manifest.Kinds {
		if entry.Kind == kind {
			writer.Gap(evidence.Gap{Kind: kind, Reason: evidence.Throttled, Status: 429})
			continue
		}
		out, err := writer.Kind(entry)
		if err != nil {
			t.Fatal(err)
		}
		for object, err := range bundle.Objects(entry.Kind) {
			if err != nil {
				t.Fatal(err)
			}
			if err := out.Write(object); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := writer.Close(manifest.Finished); err != nil {
		t.Fatal(err)
	}
}

// TestASeparateSimulatorGivesTheSame scans a simulated tenant that stands elsewhere, with
// a configuration of a custom cloud, and compares with the demo's.
func TestASeparateSimulatorGivesTheSame(t *testing.T) {
	for _, name := range []string{"good", "weak"} {
		server := serve(t, name)
		dir := t.TempDir()
		if err := server.WriteConfig(dir); err != nil {
			t.Fatal(err)
		}
		run1(t, "scan", "--demo", "--tenant", name, "--now", now, "--out", filepath.Join(dir, "demo"), "--quiet")
		_, _, stderr := run1(t, "scan", "--config", filepath.Join(dir, config.FileName), "--now", now, "--out", filepath.Join(dir, "own"), "--quiet")
		demo, own := readScan(t, filepath.Join(dir, "demo")), readScan(t, filepath.Join(dir, "own"))
		if diff := cmp.Diff(demo.kinds, own.kinds); diff != "" {
			t.Errorf("%s: kind files differ (-demo +own):\n%s\n%s", name, diff, stderr)
		}
		if diff := cmp.Diff(demo.verdicts, own.verdicts); diff != "" {
			t.Errorf("%s: verdicts differ (-demo +own):\n%s", name, diff)
		}
		for asked := range server.Requests() {
			method, path, _ := strings.Cut(asked, " ")
			reads := method == "GET" || strings.HasSuffix(path, "/token") || strings.HasSuffix(path, "runHuntingQuery")
			if !reads {
				t.Errorf("the scan sent %s, which is no read", asked)
			}
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
}

type scanFiles struct {
	kinds    map[string]string
	verdicts []string
}

func readScan(t *testing.T, dir string) scanFiles {
	t.Helper()
	bundle, err := evidence.Verify(filepath.Join(dir, "evidence"), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := scanFiles{kinds: map[string]string{}}
	for _, entry := range bundle.Manifest.Kinds {
		got.kinds[entry.Kind] = entry.SHA256
	}
	result := resultIn(t, dir)
	for _, rule := range result.Rules {
		got.verdicts = append(got.verdicts, fmt.Sprintf("%s %s %v %v", rule.ID, rule.Outcome, rule.Reasons, rule.Observed))
	}
	for _, finding := range result.Findings {
		got.verdicts = append(got.verdicts, fmt.Sprintf("%+v", finding))
	}
	return got
}
