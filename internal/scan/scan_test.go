package scan_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// TestWriteFileLeavesNoHalf: what fails half-way leaves the earlier file and no other.
func TestWriteFileLeavesNoHalf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.txt")
	whole := func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }
	if err := scan.WriteFile(path, whole); err != nil {
		t.Fatal(err)
	}
	half := func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("half", 1<<20)); err != nil {
			return err
		}
		return errors.New("the disk is full")
	}
	if err := scan.WriteFile(path, half); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("WriteFile() = %v, want the path and the cause", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "whole" {
		t.Errorf("the file holds %.20q, %v, want the earlier text", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v, want one file", left, err)
	}
	if err := scan.WriteFile(filepath.Join(dir, "none", "x"), whole); err == nil {
		t.Error("WriteFile() into a folder that doesn't exist = nil")
	}
	if err := scan.WriteFile(dir, whole); !errors.Is(err, scan.ErrNotFile) {
		t.Errorf("WriteFile() over a folder = %v, want %v", err, scan.ErrNotFile)
	}
}

// TestWriteFileReplacesFilesAlone: links stay as they are, and so does what they lead to.
func TestWriteFileReplacesFilesAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"file": file, "device": os.DevNull, "nothing": filepath.Join(dir, "none")} {
		link := filepath.Join(dir, "link to "+name)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		err := scan.WriteFile(link, func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err })
		if !errors.Is(err, scan.ErrNotFile) {
			t.Errorf("WriteFile() over a link to a %s = %v, want %v", name, err, scan.ErrNotFile)
		}
		if got, err := os.Readlink(link); err != nil || got != target {
			t.Errorf("the link to a %s leads to %q, %v", name, got, err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "kept" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestWriteReports(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	result := &findings.Result{Version: findings.Version, Rules: []findings.Rule{}, Findings: []findings.Finding{}}
	text, err := reports.FormatByName(reports.Formats(), "text")
	if err != nil {
		t.Fatal(err)
	}
	broken := reports.Format{Name: "broken", File: "broken.txt", Write: func(io.Writer, *findings.Result) error { return errors.New("no") }}
	paths, err := scan.WriteReports(dir, result, []reports.Format{text, text, broken}, nil)
	if err == nil || len(paths) != 2 || paths[0] != filepath.Join(dir, scan.ResultFile) || paths[1] != filepath.Join(dir, text.File) {
		t.Errorf("WriteReports() = %v, %v, want what was written and an error", paths, err)
	}
	if _, err := os.Stat(filepath.Join(dir, broken.File)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the broken report stands under its name: %v", err)
	}
}

// TestReportsSpoilNoBundle: a file more in a bundle is a sign of tampering.
func TestReportsSpoilNoBundle(t *testing.T) {
	dir := bundle(t).Dir
	if _, err := scan.WriteReports(dir, &findings.Result{}, nil, nil); err == nil || !strings.Contains(err.Error(), "name another folder") {
		t.Errorf("WriteReports() into a bundle = %v, want it refused", err)
	}
	if _, err := evidence.Verify(dir, nil); err != nil {
		t.Errorf("the bundle is not as it was: %v", err)
	}
}

// bundle is one with a kind and two gaps.
func bundle(t *testing.T) *evidence.Bundle {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: evidence.Tenant{ID: tenantID, Name: "contoso", Cloud: "global"}})
	if err != nil {
		t.Fatal(err)
	}
	users, err := writer.Kind(evidence.Entry{Kind: "users", Tier: evidence.API, API: "GET graph: users"})
	if err != nil {
		t.Fatal(err)
	}
	users.Page(1)
	users.Complete()
	writer.Gap(evidence.Gap{Kind: "sites", Reason: evidence.NoPermission, Status: 403, Code: "Denied", Permission: "Sites.Read.All"})
	writer.Gap(evidence.Gap{Kind: "groups", Reason: evidence.Throttled})
	manifest, err := writer.Close(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return &evidence.Bundle{Dir: dir, Manifest: manifest}
}

// TestResult: equal input gives an equal result, and every choice of the user's shows in
// a digest.
func TestResult(t *testing.T) {
	all, err := policies.Load(t.Context(), policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	set, err := all.Select(policies.Selection{Rules: []string{"GEO1009"}})
	if err != nil {
		t.Fatal(err)
	}
	from := bundle(t)
	verdicts, err := set.Evaluate(t.Context(), from, policies.Options{})
	if err != nil {
		t.Fatal(err)
	}
	judgement := scan.Judgement{Set: set, FailOn: "high", Tool: findings.Tool{Name: "domicile"}}
	got, again := judgement.Result(verdicts, from), judgement.Result(verdicts, from)
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("equal input gave different results:\n%s", diff)
	}
	if diff := cmp.Diff(&findings.Selection{Rules: []string{"GEO1009"}, Of: len(all.Rules())}, got.Selection); diff != "" {
		t.Errorf("the selection differs (-want +got):\n%s", diff)
	}
	if whole := (scan.Judgement{Set: all}).Result(verdicts, from); whole.Selection != nil {
		t.Errorf("all rules are a selection: %+v", whole.Selection)
	}
	want := []findings.Gap{
		{Kind: "groups", Reason: "throttled"},
		{Kind: "sites", Reason: "no_permission", Status: 403, Code: "Denied", Permission: "Sites.Read.All"},
	}
	if len(got.Gaps) != 2 || got.Gaps[0] != want[0] || got.Gaps[1] != want[1] || len(got.Evidence) != 1 || got.Evidence[0].Requests != 1 {
		t.Errorf("gaps %+v and evidence %+v, want those of the bundle", got.Gaps, got.Evidence)
	}
	if got.Digests.Evidence != from.Manifest.Digest() || got.Digests.Policies != set.Digest() || got.Tenant.ID != tenantID {
		t.Errorf("digests %+v of tenant %+v", got.Digests, got.Tenant)
	}
	for _, other := range []scan.Judgement{{Set: set, FailOn: "low"}, {Set: set, FailOn: "high", AllowIncomplete: true}} {
		if other.Result(verdicts, from).Digests.Params == got.Digests.Params {
			t.Errorf("the digest of fail_on %s, allow_incomplete %v is that of other options", other.FailOn, other.AllowIncomplete)
		}
	}
}
