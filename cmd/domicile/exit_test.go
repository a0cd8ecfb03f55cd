package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/scan"
)

// TestExitCodes: each way in which a scan can end has its exit code, of several the one with
// precedence; and wherever there is a verdict, result and reports are written and say the
// code and why.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	scanDemo := func(tenant, rules, out string) []string {
		return []string{"scan", "--demo", "--tenant", tenant, "--now", now, "--rule", rules, "--out", out, "--quiet"}
	}
	for tenant, rules := range map[string]string{"weak": "ROLE1002,XDR1001", "good": "ROLE1002"} {
		if code, _, stderr := run1(t, scanDemo(tenant, rules, in(tenant))...); code != exitViolations && tenant == "weak" {
			t.Fatalf("scan of %s ended with %d: %s", tenant, code, stderr)
		}
	}
	const waived = "version: 1\nwaivers:\n- {rule: ROLE1002, resource: {kind: role, id: \"*\"}, reason: r, owner: o, approver: p, ticket: t, approved: 2026-11-01, expires: 2026-11-21}\n"
	write("waivers.yaml", waived)
	write("expired.yaml", strings.Replace(waived, "11-21", "11-20", 1))
	write("unknown.yaml", strings.NewReplacer("ROLE1002", "XDR1001", "kind: role", "kind: tenant", "reason: r", "reason: r, accept: unknown").Replace(waived))
	write("broken.yaml", strings.Replace(waived, "owner: o", "owner: p", 1))
	evaluate := func(rules string, more ...string) []string {
		return append([]string{"evaluate", in("weak/evidence"), "--rule", rules, "--quiet"}, more...)
	}
	if code, _, stderr := run1(t, append(evaluate("ROLE1002", "--waivers", in("waivers.yaml")), "--out", in("accepted"))...); code != 0 {
		t.Fatalf("evaluating with waivers ended with %d: %s", code, stderr)
	}
	if code, _, stderr := run1(t, append(evaluate("ROLE1002"), "--out", in("before"))...); code != exitViolations {
		t.Fatalf("evaluating ended with %d: %s", code, stderr)
	}
	tests := []struct {
		name string
		args []string
		code int
		says string // in the result; empty where there is none
	}{
		{"nothing found", scanDemo("good", "ROLE1002,XDR1001", in("a")), 0, "every rule of that severity was judged"},
		{"nothing at the threshold", evaluate("ROLE1002", "--fail-on", "critical"), 0, "no violation at or above critical"},
		{"no threshold", evaluate("ROLE1002,XDR1001", "--fail-on", "never"), 0, "never"},
		{"violations", evaluate("ROLE1002"), 3, "1 violation of 1 rule at or above high"},
		{"violations, and a rule that was not judged", evaluate("ROLE1002,XDR1001"), 3, "1 violation of 1 rule"},
		{"a rule that was not judged", evaluate("XDR1001"), 4, "could not be judged (XDR1001)"},
		{"the same, allowed", evaluate("XDR1001", "--allow-incomplete"), 0, "which --allow-incomplete accepts"},
		{"the same, waived", evaluate("XDR1001", "--waivers", in("unknown.yaml")), 0, "that could not be and that waivers accept (XDR1001)"},
		{"violations that are waived", evaluate("ROLE1002", "--waivers", in("waivers.yaml")), 0, "no violation"},
		{"waived, and a rule that was not judged", evaluate("ROLE1002,XDR1001", "--waivers", in("waivers.yaml")), 4, "(XDR1001)"},
		{"a waiver that expired", evaluate("ROLE1002", "--waivers", in("expired.yaml")), 3, "1 violation"},
		{"nothing new", evaluate("ROLE1002", "--fail-on", "new", "--previous", in("before/result.json")), 0, "no new violation at or above high"},
		{"a waiver that ended", evaluate("ROLE1002", "--fail-on", "high,new", "--previous", in("accepted/result.json")), 3, "1 new violation"},
		{"an earlier result of fewer rules", evaluate("ROLE1002,XDR1001", "--fail-on", "new", "--previous", in("before/result.json")), 2, "(XDR1001)"},
		{"an earlier result that could not judge, and violations", evaluate("ROLE1002,XDR1001", "--fail-on", "new", "--previous", in("weak/result.json")), 2, "the earlier result is incomplete"},
		{"the same, allowed", evaluate("ROLE1002,XDR1001", "--fail-on", "new", "--previous", in("weak/result.json"), "--allow-incomplete"), 0, "no new violation"},
		{"an earlier result of another tenant", evaluate("ROLE1002", "--previous", in("good/result.json")), 2, "compare results of one tenant"},
		{"an earlier result of another profile", evaluate("ROLE1002", "--profile", "mtp-2020-b", "--previous", in("before/result.json")), 2, "compare results of one profile"},
		{"no earlier result", evaluate("ROLE1002", "--fail-on", "new"), 2, "name one with --previous"},
		{"an earlier result that is none", evaluate("ROLE1002", "--previous", in("waivers.yaml")), 2, ""},
		{"waivers that are not sound", evaluate("ROLE1002", "--waivers", in("broken.yaml")), 2, ""},
		{"a threshold that is none", evaluate("ROLE1002", "--fail-on", "new,high"), 2, ""},
		{"no such bundle", []string{"evaluate", in("nowhere"), "--quiet"}, 2, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := t.TempDir()
			code, _, stderr := run1(t, append(tt.args, "--out", out, "--format", "text,html,sarif")...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d: %s", code, tt.code, stderr)
			}
			if (code == exitUsage) != strings.Contains(stderr, "domicile: ") {
				t.Errorf("exit code %d with %q; what the user has to mend, and that alone, is an error", code, stderr)
			}
			checkExit(t, out, tt.code, tt.says)
		})
	}
}

// checkExit checks that the reports in a folder tell an exit code and why, or, without a
// reason, that there are none.
func checkExit(t *testing.T, dir string, code int, says string) {
	t.Helper()
	if says == "" {
		if _, err := os.Stat(filepath.Join(dir, scan.ResultFile)); err == nil {
			t.Error("a result was written without a verdict")
		}
		return
	}
	result := resultIn(t, dir)
	if result.Exit.Code != code || !strings.Contains(result.Exit.Reason, says) {
		t.Errorf("result.json says %+v, want %d with %q", result.Exit, code, says)
	}
	var sarif struct {
		Runs []struct {
			Invocations []struct {
				ExitCode            int
				ExitCodeDescription string
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "report.sarif"))
	if err == nil {
		err = json.Unmarshal(data, &sarif)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := sarif.Runs[0].Invocations[0]; got.ExitCode != code || !strings.Contains(strings.ToLower(got.ExitCodeDescription), strings.ToLower(says)) {
		t.Errorf("report.sarif says %+v, want %d with %q", got, code, says)
	}
	for _, name := range []string{"report.txt", "report.html"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// brokenPipe is a standard output that takes nothing.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestExitCodesWithoutVerdict: what ends a scan before its end, or keeps it from being told.
func TestExitCodesWithoutVerdict(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	scan := []string{"scan", "--demo", "--tenant", "good", "--now", now, "--rule", "ROLE1002", "--out", out, "--format", "text,html,sarif"}
	env := func(stdout io.Writer) Environment {
		return Environment{Stdout: stdout, Stderr: io.Discard, Getenv: os.Getenv, Now: time.Now}
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	if code := Main(interrupted, scan, env(io.Discard)); code != exitInterrupted {
		t.Errorf("an interrupted scan ended with %d, want %d", code, exitInterrupted)
	}
	checkExit(t, out, exitInterrupted, "")
	var said bytes.Buffer
	listing := Environment{Stdout: io.Discard, Stderr: &said, Getenv: func(string) string { return "" }, Now: time.Now}
	if code := Main(interrupted, []string{"history", "record", filepath.Join(out, "result.json"), "--store", filepath.Join(dir, "history.db")}, listing); code != exitInterrupted || strings.Contains(said.String(), "evidence that is not whole") {
		t.Errorf("an interrupted recording ended with %d and said %q, want %d and nothing of evidence", code, &said, exitInterrupted)
	}
	if code := Main(t.Context(), scan, env(brokenPipe{})); code != exitInternal {
		t.Errorf("a scan that can't tell its verdict ended with %d, want %d", code, exitInternal)
	}
	checkExit(t, out, 0, "no violation")
	lock, err := evidence.Lock(filepath.Join(out, "scan"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if code := Main(t.Context(), scan, env(io.Discard)); code != exitUsage {
		t.Errorf("a scan into a folder in use ended with %d, want %d", code, exitUsage)
	}
}

// TestExitCodePrecedence: of several tenants' ends the first of 2, 5, 1, 3, 4 counts.
func TestExitCodePrecedence(t *testing.T) {
	ends := []error{
		usage(errors.New("a mistake")), &collectors.AuthError{}, errors.New("a fault"),
		&exitError{code: exitViolations}, &exitError{code: exitIncomplete}, nil,
	}
	codes := []int{2, 5, 1, 3, 4, 0}
	for i, first := range ends {
		for j, second := range ends {
			want := codes[min(i, j)]
			if got := exitCode(t.Context(), worse(t.Context(), first, second)); got != want {
				t.Errorf("%d and %d end with %d, want %d", codes[i], codes[j], got, want)
			}
		}
	}
}
