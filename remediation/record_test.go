package remediation_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/remediation"
)

func accountOf(t *testing.T, journal string, undo bool) *remediation.Account {
	t.Helper()
	account, err := remediation.ReadAccount(journal, undo, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := account.Run.Check(); err != nil {
		t.Errorf("the run holds a word that no result may: %v", err)
	}
	return account
}

// ends are the outcomes and verdicts of a run's changes, in their order.
func ends(run findings.Run) []string {
	var out []string
	for _, change := range run.Changes {
		out = append(out, strings.TrimSpace(change.Outcome+" "+change.Verdict))
	}
	return out
}

func TestAccount(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Account, run.Approved = "domicile", approvedBy("bob", nil)
	settled := apply(t, run)
	applied := accountOf(t, run.Journal, false)
	got := applied.Run
	want := findings.Run{
		Kind: "apply", Plan: got.Plan, Author: "ada", Approval: &findings.Approval{By: "bob", Time: now}, App: writerApp, Account: "domicile",
		Began: now.Add(time.Hour), Ended: now.Add(time.Hour), Evidence: run.Sources.Bundle.Manifest.Digest(), Changes: got.Changes,
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got.Plan) != 64 || applied.Tenant.ID != tenantID {
		t.Errorf("ReadAccount() (-want +got):\n%s", diff)
	}
	for i, s := range settled {
		if change := got.Changes[i]; change.ID != s.Change.ID || change.Outcome != string(s.Outcome) || change.Verdict != string(s.Verdict) || !slices.Contains(change.Rules, s.Change.Mends[0].Rule) {
			t.Errorf("change %d is told as %+v, and ended as %+v", i, change, s)
		}
	}
	undone := rollback(t, run)
	taken := accountOf(t, run.Journal, true)
	if taken.Run.Kind != "rollback" || taken.Run.Approval != nil || len(taken.Run.Changes) != len(undone) || taken.Run.Changes[0].ID != undone[0].Change.ID || ends(taken.Run)[0] != "applied" {
		t.Errorf("the rollback is told as %+v", taken.Run)
	}
	// The journal went on, and what it says of applying is what it was.
	again, err := remediation.ReadAccount(run.Journal, false, applied.Size)
	if diff := cmp.Diff(applied, again); err != nil || diff != "" {
		t.Errorf("ReadAccount() of the journal's beginning: %v\n%s", err, diff)
	}
	if diff := cmp.Diff(applied.Run, accountOf(t, run.Journal, false).Run); diff != "" {
		t.Errorf("the rollback changes what the journal says of applying:\n%s", diff)
	}
	if _, err := remediation.ReadAccount(run.Journal, false, applied.Size-1); err == nil || !strings.Contains(err.Error(), "bytes and not") {
		t.Errorf("ReadAccount() up to the middle of a line = %v", err)
	}
}

// TestAccountOfInterruptedRun: what isn't known and what wasn't reached is said.
func TestAccountOfInterruptedRun(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Confirm = func(c remediation.Change) (bool, error) { return c.Action != "turn_on_admin_consent_workflow", nil }
	apply(t, run)
	whole, err := os.ReadFile(run.Journal)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	// The head, the outcome of the change that was declined, and the intent of the next.
	if err := os.WriteFile(run.Journal, bytes.Join(append(lines[:3:3], []byte(`{"time`)), nil), 0o600); err != nil {
		t.Fatal(err)
	}
	got := accountOf(t, run.Journal, false).Run
	if diff := cmp.Diff([]string{"declined", "pending", "not_reached"}, ends(got)[:3]); diff != "" || got.Evidence != "" {
		t.Errorf("the run ended with (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"not_reached"}, ends(accountOf(t, run.Journal, true).Run)); diff != "" {
		t.Errorf("a rollback that did nothing (-want +got):\n%s", diff)
	}
}

// TestAnotherApproval: a run that was interrupted goes on with the approval that it began with.
func TestAnotherApproval(t *testing.T) {
	run := newTenant().run(t)
	run.Approved = approvedBy("bob", nil)
	apply(t, run)
	for name, approved := range map[string]func([]byte) (*findings.Approval, error){"another's": approvedBy("eve", nil), "none": nil} {
		run.Approved = approved
		var refused *remediation.PlanError
		if _, err := remediation.Apply(t.Context(), run); !errors.As(err, &refused) || !strings.Contains(err.Error(), "begun with another approval") {
			t.Errorf("Apply() with %s = %v", name, err)
		}
	}
}

func recordOf(t testing.TB) []byte {
	t.Helper()
	record := remediation.RunRecord{
		Version: 1, Tool: findings.Tool{Name: "domicile", Version: "test"}, Tenant: findings.Tenant{ID: tenantID},
		Files: remediation.RunFiles{
			Plan: &remediation.RunFile{File: "plan.json", SHA256: strings.Repeat("a", 64)}, Journal: remediation.RunFile{File: "plan.journal", SHA256: strings.Repeat("b", 64), Size: 5},
			Verification: &remediation.RunFile{File: "plan.verified/result.json", SHA256: strings.Repeat("c", 64)},
		},
		Run: findings.Run{Kind: "apply", Plan: strings.Repeat("a", 64), Changes: []findings.RunChange{{ID: "1", Rules: []string{}, Outcome: "applied", Verdict: "mended"}}},
	}
	var out bytes.Buffer
	if err := record.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecodeRecordRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ old, replaced, says string }{
		"nothing":            {string(recordOf(t)), "", "unexpected end"},
		"no version":         {`"version": 1,`, ``, "no format version"},
		"a newer version":    {`"version": 1,`, `"version": 2, "more": 1,`, "reads up to 1"},
		"an unknown field":   {`"tenant"`, `"more": 1, "tenant"`, `unknown field "more"`},
		"no tenant":          {tenantID, "", "of which tenant"},
		"a file elsewhere":   {`"plan.json"`, `"../plan.json"`, "is not beside it"},
		"an absolute file":   {`"plan.verified/result.json"`, `"/etc/passwd"`, "is not beside it"},
		"no journal":         {`"plan.journal"`, `""`, "is not beside it"},
		"an unknown kind":    {`"kind": "apply"`, `"kind": "guess"`, `"guess" is not known`},
		"an unknown outcome": {`"applied"`, `"well"`, `"well" is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			data := bytes.Replace(recordOf(t), []byte(tt.old), []byte(tt.replaced), 1)
			if _, err := remediation.DecodeRecord(data); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("DecodeRecord() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(recordOf(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := remediation.DecodeRecord(data)
		if err != nil {
			return
		}
		var written bytes.Buffer
		if err := record.Write(&written); err != nil {
			t.Fatal(err)
		}
		again, err := remediation.DecodeRecord(written.Bytes())
		if err != nil {
			t.Fatalf("what Write wrote can't be read: %v", err)
		}
		if diff := cmp.Diff(record, again); diff != "" {
			t.Errorf("a record that is read twice differs:\n%s", diff)
		}
	})
}
