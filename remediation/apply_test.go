package remediation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/remediation"
)

// outcomes are how the changes of a run ended, by action.
func outcomes(settled []remediation.Settled) map[string]string {
	out := map[string]string{}
	for _, s := range settled {
		out[s.Change.Action] = strings.TrimSpace(string(s.Outcome) + " " + string(s.Verdict))
	}
	return out
}

// ended are the outcomes of a run in which every action ended alike, but for some.
func ended(alike string, but map[string]string) map[string]string {
	out := map[string]string{}
	for _, action := range remediation.Actions() {
		out[action.ID] = alike
	}
	maps.Copy(out, but)
	return out
}

var allApplied = ended("applied mended", nil)

func apply(tb testing.TB, run remediation.Run) []remediation.Settled {
	tb.Helper()
	settled, err := remediation.Apply(tb.Context(), run)
	if err != nil {
		tb.Fatal(err)
	}
	return settled
}

func rollback(tb testing.TB, run remediation.Run) []remediation.Settled {
	tb.Helper()
	settled, err := remediation.Rollback(tb.Context(), run)
	if err != nil {
		tb.Fatal(err)
	}
	return settled
}

// TestApplyAndRollback applies every action, sees it verified, and takes it back to the state
// before.
func TestApplyAndRollback(t *testing.T) {
	tenant := newTenant()
	before, run := tenant.state(), tenant.run(t)
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" {
		t.Fatalf("Apply() (-want +got):\n%s", diff)
	}
	plan, err := remediation.Decode(run.File)
	if err != nil {
		t.Fatal(err)
	}
	var planned []remediation.Request
	for _, change := range plan.Changes {
		planned = append(planned, change.Request)
	}
	if diff := cmp.Diff(planned, tenant.writes); diff != "" {
		t.Errorf("what was sent is not what the plan shows (-plan +sent):\n%s", diff)
	}
	after := tenant.state()
	if after == before {
		t.Error("nothing has changed")
	}
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() again (-want +got):\n%s", diff)
	}
	if len(tenant.writes) != len(plan.Changes) {
		t.Errorf("a second run writes %d times more", len(tenant.writes)-len(plan.Changes))
	}
	undone := rollback(t, run)
	var order []string
	for _, s := range undone {
		if s.Outcome != remediation.Applied {
			t.Errorf("undoing %s ended %s: %s", s.Change.Action, s.Outcome, s.Message)
		}
		order = append(order, s.Change.ID)
	}
	slices.Reverse(order)
	for i, change := range plan.Changes {
		if order[i] != change.ID {
			t.Errorf("undoing is not in reverse order: %v", order)
		}
	}
	if diff := cmp.Diff(before, tenant.state()); diff != "" {
		t.Errorf("the state after the rollback differs (-before +after):\n%s", diff)
	}
	writes := len(tenant.writes)
	if again := rollback(t, run); len(again) != 0 || len(tenant.writes) != writes {
		t.Errorf("a second rollback does %+v", again)
	}
	if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), "taken back") {
		t.Errorf("Apply() after a rollback = %v", err)
	}
}

// killed is what the fake tenant panics with where a run dies.
type killed struct{}

// TestKilled kills a run before and after each of its writes, and when it is taken back, too.
// The run after it must end as if nothing had happened, with each write done once.
func TestKilled(t *testing.T) {
	dies := func(call func()) (died bool) {
		defer func() {
			switch reason := recover().(type) {
			case nil:
			case killed:
				died = true
			default:
				panic(reason)
			}
		}()
		call()
		return false
	}
	for at := range 4 * allChanges {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel() // most of the time the disk is waited for
			tenant := newTenant()
			before, run := tenant.state(), tenant.run(t)
			calls, deaths := 0, 0
			tenant.fault = func(remediation.Request, bool) error {
				if calls++; calls == at+1 {
					panic(killed{})
				}
				return nil
			}
			for _, run := range []func(){
				func() { apply(t, run) }, func() { apply(t, run) }, func() { rollback(t, run) }, func() { rollback(t, run) },
			} {
				if dies(run) {
					deaths++
				}
			}
			if deaths != 1 {
				t.Fatalf("the run died %d times", deaths)
			}
			if len(tenant.writes) != 2*allChanges {
				t.Errorf("%d writes were carried out, want %d and their undoing", len(tenant.writes), allChanges)
			}
			if diff := cmp.Diff(before, tenant.state()); diff != "" {
				t.Errorf("the state at the end differs (-before +after):\n%s", diff)
			}
		})
	}
}

// TestKilledWhileWritingTheJournal cuts the journal of a run all over, in lines and between, with the tenant
// as it was when that byte was written, and goes on.
func TestKilledWhileWritingTheJournal(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	apply(t, run)
	journal, err := os.ReadFile(run.Journal)
	if err != nil {
		t.Fatal(err)
	}
	begins := bytes.IndexByte(journal, '\n') - 3 // the plan's line is long and tells nothing
	for cut := begins; cut < len(journal); cut += 53 {
		whole := journal[:bytes.LastIndexByte(journal[:cut], '\n')+1]
		intents, outcomes := bytes.Count(whole, []byte(`"phase":"intent"`)), bytes.Count(whole, []byte(`"phase":"outcome"`))
		for sent := outcomes; sent <= intents; sent++ {
			again := newTenant()
			for _, request := range tenant.writes[:sent] {
				if err := again.carryOut(request); err != nil {
					t.Fatal(err)
				}
			}
			resumed := run
			resumed.Target, resumed.Journal = again, filepath.Join(t.TempDir(), "journal")
			resumed.Judge = nil
			if err := os.WriteFile(resumed.Journal, journal[:cut], 0o600); err != nil {
				t.Fatal(err)
			}
			for _, s := range apply(t, resumed) {
				if s.Outcome != remediation.Applied {
					t.Errorf("cut at %d, %d sent: %s ended %s: %s", cut, sent, s.Change.Action, s.Outcome, s.Message)
				}
			}
			if len(again.writes) != len(tenant.writes)-sent || again.state() != tenant.state() {
				t.Errorf("cut at %d, %d sent: %d more writes, want %d", cut, sent, len(again.writes), len(tenant.writes)-sent)
			}
		}
	}
}

// TestRefusals has the service refuse one of the writes. The others are made.
func TestRefusals(t *testing.T) {
	const of = "oauth2PermissionGrants/grant-all"
	refuse := func(status int, after, unclear bool) func(*tenant) {
		return func(t *tenant) {
			t.fault = func(request remediation.Request, done bool) error {
				if request.Path == of && done == after {
					return &remediation.RefusalError{Status: status, Code: "Code", Message: "no", RequestID: "r", Unclear: unclear}
				}
				return nil
			}
		}
	}
	tests := []struct {
		name   string
		change func(*tenant)
		want   string
		says   string
	}{
		{"403", refuse(403, false, false), "refused", "status 403, code Code: no"},
		{"404", refuse(404, false, false), "refused", "status 404"},
		{"409", refuse(409, false, false), "refused", "status 409"},
		{"412", refuse(412, false, false), "refused", "status 412"},
		{"429 for longer than is waited", refuse(429, false, false), "refused", "status 429"},
		{"503, not carried out", refuse(503, false, true), "refused", "status 503"},
		{"503, carried out", refuse(503, true, true), "applied mended", ""},
		{"no answer, carried out", refuse(0, true, true), "applied mended", ""},
		{"404, as somebody else was faster", func(t *tenant) {
			t.fault = func(request remediation.Request, after bool) error {
				if request.Path == of && !after {
					return errors.Join(t.carryOut(request), nil)
				}
				return nil
			}
		}, "in_place", ""},
		{"gone before", func(t *tenant) {
			_ = t.carryOut(remediation.Request{Method: "DELETE", Path: of})
		}, "in_place", "so already"},
		{"drift", func(t *tenant) {
			t.collections["oauth2PermissionGrants"][1]["scope"] = "Mail.ReadWrite User.Read Files.ReadWrite.All"
		}, "drifted", "not the one that the plan was made for"},
		{"an application that became Microsoft's", func(t *tenant) {
			t.collections["servicePrincipals"][0]["appOwnerOrganizationId"] = microsoft
		}, "guarded", "Microsoft's own"},
		{"an application that runs domicile", func(t *tenant) {
			t.collections["servicePrincipals"][0]["appId"] = readerApp
		}, "guarded", "runs domicile"},
		{"an application that is gone", func(t *tenant) {
			t.collections["servicePrincipals"] = nil
		}, "guarded", "can't be told whom"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			run := tenant.run(t)
			tt.change(tenant)
			settled := apply(t, run)
			got := outcomes(settled)
			if got["remove_tenant_wide_grant"] != tt.want {
				t.Errorf("the change ended %q, want %q", got["remove_tenant_wide_grant"], tt.want)
			}
			for _, s := range settled {
				if s.Change.Action == "remove_tenant_wide_grant" && !strings.Contains(s.Message, tt.says) {
					t.Errorf("it says %q, want %q", s.Message, tt.says)
				}
			}
			if got["restrict_user_consent"] != "applied mended" {
				t.Errorf("another change ended %q", got["restrict_user_consent"])
			}
			tenant.fault = nil
			before := len(tenant.writes)
			rollback(t, run)
			undone := slices.ContainsFunc(tenant.writes[before:], func(r remediation.Request) bool { return r.Path == "oauth2PermissionGrants" })
			if undone != strings.HasPrefix(tt.want, "applied") {
				t.Errorf("undone: %t, of a change that ended %s", undone, tt.want)
			}
		})
	}
}

// TestTryAgain goes on with what was refused once the cause is gone.
func TestTryAgain(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	tenant.fault = func(remediation.Request, bool) error { return &remediation.RefusalError{Status: 403} }
	if diff := cmp.Diff(ended("refused", map[string]string{"make_role_eligible": "guarded"}), outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() that is refused (-want +got):\n%s", diff)
	}
	tenant.fault = nil
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() again (-want +got):\n%s", diff)
	}
}

// TestUnreadableAfterNoAnswer leaves the intent open where nobody can tell.
func TestUnreadableAfterNoAnswer(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Target = &broken{tenant}
	if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), "isn't known whether") {
		t.Fatalf("Apply() = %v", err)
	}
	run.Target = tenant
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" || len(tenant.writes) != allChanges {
		t.Errorf("going on, with %d writes (-want +got):\n%s", len(tenant.writes), diff)
	}
}

// TestLateAfterNoAnswer waits for the tenant to show what was carried out without an answer.
func TestLateAfterNoAnswer(t *testing.T) {
	tenant := newTenant()
	run := eligibleRun(t, tenant)
	tenant.fault = func(_ remediation.Request, after bool) error {
		if !after {
			return nil
		}
		tenant.fault = nil
		return &remediation.RefusalError{Status: 504, Message: "no answer in time", Unclear: true}
	}
	run.Target = &lateEligibility{tenant: tenant, reads: 2}
	if got := apply(t, run); len(got) != 2 || got[0].Outcome != remediation.Applied || got[1].Outcome != remediation.Applied {
		t.Errorf("Apply() = %+v", got)
	}
	if rollback(t, run); tenant.holdings() != [2]int{1, 0} {
		t.Errorf("after the rollback the account holds %v", tenant.holdings())
	}
}

// broken carries a write out, and then answers nothing any more.
type broken struct{ *tenant }

func (b *broken) Write(ctx context.Context, request remediation.Request) (remediation.Response, error) {
	if _, err := b.tenant.Write(ctx, request); err != nil {
		return remediation.Response{}, err
	}
	return remediation.Response{}, &remediation.RefusalError{Message: "no answer", Unclear: true}
}

func (b *broken) Get(ctx context.Context, path string) (json.RawMessage, error) {
	if len(b.writes) > 0 {
		return nil, &remediation.RefusalError{Message: "no answer"}
	}
	return b.tenant.Get(ctx, path)
}

// approvedBy approves in the name of somebody.
func approvedBy(name string, err error) func([]byte) (*findings.Approval, error) {
	return func([]byte) (*findings.Approval, error) { return &findings.Approval{By: name, Time: now}, err }
}

// TestPlansThatAreNotApplied refuses a plan before anything is read or written.
func TestPlansThatAreNotApplied(t *testing.T) {
	tests := []struct {
		name   string
		change func(*remediation.Run, *tenant)
		says   string
	}{
		{"another tenant", func(_ *remediation.Run, tenant *tenant) { tenant.id = "another" }, "another is signed in to"},
		{"another application", func(_ *remediation.Run, tenant *tenant) { tenant.app = "another" }, "another is signed in"},
		{"the application that reads", func(r *remediation.Run, _ *tenant) { r.Sources.Result.Reader.AppID = writerApp }, "an application of their own"},
		{"expired", func(r *remediation.Run, _ *tenant) { r.Now = func() time.Time { return now.Add(72 * time.Hour) } }, "expired on 2026-11-24"},
		{"another result", func(r *remediation.Run, _ *tenant) { r.Sources.Digest = "2" }, "rests on the result"},
		{"another bundle", func(r *remediation.Run, _ *tenant) { r.Sources.Bundle.Manifest.Kinds = nil }, "rests on the evidence"},
		{"more than is allowed", func(r *remediation.Run, _ *tenant) { r.MaxChanges = 3 }, "at most 3"},
		{"a change that no action made", func(r *remediation.Run, _ *tenant) {
			r.File = bytes.Replace(r.File, []byte("Free calendar"), []byte("Gone calendar"), 1)
		}, "not what the evidence"},
		{"a plan that was written over for another tenant", func(r *remediation.Run, tenant *tenant) {
			tenant.id = strings.Replace(tenantID, "3f0c", "3f0d", 1)
			r.File = bytes.Replace(r.File, []byte(tenantID), []byte(tenant.id), 1)
		}, "and its result of " + tenantID},
		{"a step that no rule has", func(r *remediation.Run, _ *tenant) {
			r.File = bytes.Replace(r.File, []byte("open a ticket"), []byte("open a window"), 1)
		}, "its step for GEO1002 is not what"},
		{"another name of the tenant", func(r *remediation.Run, _ *tenant) {
			r.File = bytes.Replace(r.File, []byte(`"name": "Contoso"`), []byte(`"name": "Fabrikam"`), 1)
		}, "(Fabrikam), and its result of "},
		{"not approved", func(r *remediation.Run, _ *tenant) { r.Approved = approvedBy("", errors.New("no signature")) }, "its approval: no signature"},
		{"approved by nobody", func(r *remediation.Run, _ *tenant) { r.Approved = approvedBy("", nil) }, "other than its author"},
		{"approved in time to come", func(r *remediation.Run, _ *tenant) {
			r.Now = func() time.Time { return now.Add(-time.Second) }
			r.Approved = approvedBy("bob", nil)
		}, "yet to come"},
		{"approved by its author", func(r *remediation.Run, _ *tenant) { r.Approved = approvedBy("ADA", nil) }, "other than its author"},
	}
	for _, tt := range tests {
		for _, dry := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, dry %t", tt.name, dry), func(t *testing.T) {
				tenant := newTenant()
				run := tenant.run(t)
				run.DryRun = dry
				tt.change(&run, tenant)
				_, err := remediation.Apply(t.Context(), run)
				var refused *remediation.PlanError
				if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Apply() = %v, want a PlanError that says %q", err, tt.says)
				}
				if tenant.reads+len(tenant.writes) != 0 {
					t.Errorf("%d reads and %d writes", tenant.reads, len(tenant.writes))
				}
				if _, err := os.Stat(run.Journal); err == nil {
					t.Error("it left a journal")
				}
			})
		}
	}
}

func TestApprovedByAnother(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Approved = approvedBy("bob", nil)
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() (-want +got):\n%s", diff)
	}
	journal, err := os.ReadFile(run.Journal)
	if err != nil || !bytes.Contains(journal, []byte(`"by":"bob"`)) {
		t.Errorf("the journal doesn't name who approved (%v)", err)
	}
}

// TestNobodyAnswers: a run that ends at its first question leaves no journal, so that the plan can
// still be approved, or made again.
func TestNobodyAnswers(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	confirm := run.Confirm
	run.Confirm = func(remediation.Change) (bool, error) { return false, errors.New("nobody answers") }
	if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), "nobody answers") {
		t.Fatalf("Apply() = %v", err)
	}
	if _, err := os.Stat(run.Journal); err == nil {
		t.Error("it left a journal")
	}
	run.Confirm, run.Approved = confirm, approvedBy("bob", nil)
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() (-want +got):\n%s", diff)
	}
}

// TestForgedJournal: where a plan has to be approved, a journal undoes nothing else than what the
// approved plan holds, and none of another plan is gone on with or told of.
func TestForgedJournal(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Approved = approvedBy("bob", nil)
	apply(t, run)
	good, err := os.ReadFile(run.Journal)
	if err != nil {
		t.Fatal(err)
	}
	writes := len(tenant.writes)
	refused := func(name, says string, run remediation.Run) {
		t.Helper()
		var refused *remediation.PlanError
		if _, err := remediation.Rollback(t.Context(), run); !errors.As(err, &refused) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: Rollback() = %v, want a PlanError that says %q", name, err, says)
		}
	}
	forged := bytes.Replace(good, []byte(`"undo":{"method":"POST","path":"oauth2PermissionGrants","body":{`), []byte(`"undo":{"method":"POST","path":"oauth2PermissionGrants","body":{"scope":"Directory.ReadWrite.All",`), 1)
	if bytes.Equal(forged, good) {
		t.Fatal("nothing was forged")
	}
	if err := os.WriteFile(run.Journal, forged, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("a forged undo", "is not of the plan at hand", run)
	if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), "is of another plan") {
		t.Errorf("Apply() with a forged journal = %v", err)
	}
	if account := accountOf(t, run.Journal, false); account.Of(run.File) {
		t.Error("a forged journal is held to be of the plan")
	}
	if err := os.WriteFile(run.Journal, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if account := accountOf(t, run.Journal, false); !account.Of(run.File) {
		t.Error("the journal is not held to be of its plan")
	}
	if err := errors.Join(os.Rename(run.Journal, run.Journal+".aside"), os.Symlink(run.Journal+".aside", run.Journal)); err != nil {
		t.Fatal(err)
	}
	refused("a link in place of the journal", "is not a file", run)
	if err := os.Rename(run.Journal+".aside", run.Journal); err != nil {
		t.Fatal(err)
	}
	another := run
	another.File = append(bytes.Clone(run.File), '\n')
	refused("another plan", "is not of the plan at hand", another)
	unapproved := run
	unapproved.Approved = approvedBy("", errors.New("no signature"))
	refused("a plan that nobody approved", "its approval: no signature", unapproved)
	if len(tenant.writes) != writes {
		t.Fatalf("written: %v", tenant.writes[writes:])
	}
	if undone := rollback(t, run); len(undone) != writes {
		t.Errorf("%d changes taken back, want %d", len(undone), writes)
	}
}

// TestFewerChanges applies a plan from which somebody took a change out.
func TestFewerChanges(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	plan, err := remediation.Decode(run.File)
	if err != nil {
		t.Fatal(err)
	}
	plan.Changes = plan.Changes[1:2]
	run.File = file(t, plan)
	if got := apply(t, run); len(got) != 1 || len(tenant.writes) != 1 {
		t.Errorf("Apply() = %+v", got)
	}
}

func TestDryRun(t *testing.T) {
	tenant := newTenant()
	before, run := tenant.state(), tenant.run(t)
	run.DryRun = true
	run.Confirm = func(remediation.Change) (bool, error) { return false, errors.New("nobody is asked") }
	tenant.collections["servicePrincipals"][0]["appOwnerOrganizationId"] = microsoft
	want := ended("ready", map[string]string{"remove_tenant_wide_grant": "guarded", "remove_application_permission": "guarded"})
	if diff := cmp.Diff(want, outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() (-want +got):\n%s", diff)
	}
	tenant.collections["servicePrincipals"][0]["appOwnerOrganizationId"] = foreignOrg
	if tenant.state() != before || len(tenant.writes) != 0 {
		t.Error("a dry run writes")
	}
	if _, err := os.Stat(run.Journal); err == nil {
		t.Error("a dry run leaves a journal")
	}
}

func TestConfirm(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Confirm = func(change remediation.Change) (bool, error) {
		return change.Action == "turn_on_admin_consent_workflow", nil
	}
	want := ended("declined", map[string]string{"turn_on_admin_consent_workflow": "applied mended"})
	if diff := cmp.Diff(want, outcomes(apply(t, run))); diff != "" || len(tenant.writes) != 1 {
		t.Errorf("Apply(), with %d writes (-want +got):\n%s", len(tenant.writes), diff)
	}
	run.Confirm = func(remediation.Change) (bool, error) { return false, errors.New("no terminal") }
	if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("Apply() = %v", err)
	}
}

// TestExpiresWhileConfirming makes no change that is confirmed after the plan has expired.
func TestExpiresWhileConfirming(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	at, asked := now, 0
	run.Now = func() time.Time { return at }
	run.Confirm = func(remediation.Change) (bool, error) {
		if asked++; asked == 3 {
			at = now.Add(73 * time.Hour)
		}
		return true, nil
	}
	var refused *remediation.PlanError
	if _, err := remediation.Apply(t.Context(), run); !errors.As(err, &refused) || len(tenant.writes) != 2 {
		t.Errorf("Apply() = %v, after %d writes", err, len(tenant.writes))
	}
	if rollback(t, run); len(tenant.writes) != 4 {
		t.Errorf("%d writes after the rollback", len(tenant.writes))
	}
}

// TestVerdicts judges again what was applied.
func TestVerdicts(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	mends := run.Judge
	run.Judge = func(ctx context.Context, rules []string) (*findings.Result, error) {
		if diff := cmp.Diff([]string{"CONS1005", "CONS1008", "CONS1010", "CONS1011", "CONS1012", "CONS1015", "CONS1022", "GEO1009", "GEO1010", "INT1004", "LIC1007", "LIC1012", "ROLE1005", "ROLE1006", "ROLE1007", "ROLE1009", "ROLE1010", "ROLE1017"}, rules); diff != "" {
			t.Errorf("rules that are judged again (-want +got):\n%s", diff)
		}
		result, err := mends(ctx, rules)
		for i, rule := range result.Rules {
			switch rule.ID {
			case "CONS1008":
				result.Rules[i].Outcome = findings.Unknown
			case "CONS1022": // one of two that the change is for
				result.Findings = append(result.Findings, findings.Finding{Fingerprint: findings.Fingerprint(tenantID, "CONS1022", findings.Resource{Kind: "tenant", ID: tenantID})})
			}
		}
		return result, err
	}
	want := ended("applied mended", map[string]string{"restrict_user_consent": "applied remains", "turn_on_admin_consent_workflow": "applied unknown"})
	if diff := cmp.Diff(want, outcomes(apply(t, run))); diff != "" {
		t.Errorf("Apply() (-want +got):\n%s", diff)
	}
	run.Judge = func(context.Context, []string) (*findings.Result, error) { return nil, errors.New("no evidence") }
	if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), "verifying") {
		t.Errorf("Apply() = %v", err)
	}
}

// TestSlowDirectory waits until the tenant shows what was written before the rules are judged.
func TestSlowDirectory(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	slow, waits := &stale{tenant: tenant, reads: 3}, 0
	run.Target = slow
	run.Sleep = func(context.Context, time.Duration) error { waits++; return nil }
	if diff := cmp.Diff(allApplied, outcomes(apply(t, run))); diff != "" || waits == 0 {
		t.Errorf("Apply() after %d waits (-want +got):\n%s", waits, diff)
	}
	run.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	slow.reads = 1000
	if _, err := remediation.Apply(t.Context(), run); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply() that is interrupted = %v", err)
	}
}

// stale shows an earlier state for a number of reads after the last write.
type stale struct {
	*tenant
	reads int
}

func (s *stale) List(ctx context.Context, path string) iter.Seq2[json.RawMessage, error] {
	if len(s.writes) == allChanges && s.reads > 0 {
		s.reads--
		return newTenant().List(ctx, path)
	}
	return s.tenant.List(ctx, path)
}

// TestRollbackAfterDrift leaves what somebody has changed since.
func TestRollbackAfterDrift(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	apply(t, run)
	tenant.single["policies/adminConsentRequestPolicy"]["requestDurationInDays"] = 7
	tenant.collections["oauth2PermissionGrants"] = append(tenant.collections["oauth2PermissionGrants"],
		object{"id": "new", "clientId": riskySP, "consentType": "AllPrincipals", "principalId": nil, "resourceId": graphSP, "scope": " Mail.ReadWrite User.Read"})
	want := ended("applied", map[string]string{"turn_on_admin_consent_workflow": "drifted", "remove_tenant_wide_grant": "in_place"})
	if diff := cmp.Diff(want, outcomes(rollback(t, run))); diff != "" {
		t.Errorf("Rollback() (-want +got):\n%s", diff)
	}
}

func TestRollbackRefuses(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	if _, err := remediation.Rollback(t.Context(), run); err == nil || !strings.Contains(err.Error(), "there is no journal") {
		t.Errorf("Rollback() without a journal = %v", err)
	}
	apply(t, run)
	tenant.id = "another"
	var refused *remediation.PlanError
	if _, err := remediation.Rollback(t.Context(), run); !errors.As(err, &refused) {
		t.Errorf("Rollback() of another tenant = %v", err)
	}
}

func TestJournalsThatAreNotTaken(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	apply(t, run)
	good, err := os.ReadFile(run.Journal)
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func([]byte) []byte{
		"of another plan": func(b []byte) []byte { return bytes.Replace(b, []byte(`"digest":"`), []byte(`"digest":"0`), 1) },
		"doesn't read":    func(b []byte) []byte { return bytes.Replace(b, []byte(`"version":1`), []byte(`"version":9`), 1) },
		"unknown field":   func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"phase"`), []byte(`"phases"`)) },
		"there is no phase": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"phase":"intent"`), []byte(`"phase":"hope"`), 1)
		},
		"line 2: unexpected EOF": func(b []byte) []byte { return bytes.Replace(b, []byte("\n{"), []byte("\n{\n{"), 1) },
		"doesn't send this PATCH \"a": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"path":"policies/authorizationPolicy","body"`), []byte(`"path":"a","body"`), 1)
		},
		"in use by another run": nil,
	} {
		if change == nil {
			lock, err := evidence.Lock(run.Journal)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := remediation.Apply(t.Context(), run); !errors.Is(err, evidence.ErrInUse) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "name another") {
				t.Errorf("Apply() beside another run = %v, want ErrInUse", err)
			}
			if err := lock.Unlock(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		bad := change(bytes.Clone(good))
		if err := os.WriteFile(run.Journal, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		writes := len(tenant.writes)
		if _, err := remediation.Apply(t.Context(), run); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Apply() = %v, want an error that says %q", err, says)
		}
		if left, err := os.ReadFile(run.Journal); err != nil || !bytes.Equal(left, bad) || len(tenant.writes) != writes {
			t.Errorf("%s: the journal was written to, or the tenant (%v)", says, err)
		}
	}
}

// TestRunsAtOnce starts a plan several times at once: one run makes the changes, and the others are
// told to wait, or find them made.
func TestRunsAtOnce(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	var group sync.WaitGroup
	var made, waited atomic.Int32
	for range 4 {
		group.Go(func() {
			settled, err := remediation.Apply(t.Context(), run)
			switch {
			case errors.Is(err, evidence.ErrInUse):
				waited.Add(1)
			case err != nil || !slices.ContainsFunc(settled, remediation.Settled.Done):
				t.Errorf("Apply() = %+v, %v", settled, err)
			default:
				made.Add(1)
			}
		})
	}
	group.Wait()
	if made.Load() == 0 || made.Load()+waited.Load() != 4 || len(tenant.writes) != allChanges {
		t.Errorf("%d runs made %d writes, and %d were told to wait", made.Load(), len(tenant.writes), waited.Load())
	}
}

// TestGuardsOfThePresent asks the tenant again, which has changed since the plan was made.
func TestGuardsOfThePresent(t *testing.T) {
	tests := []struct {
		name   string
		change func(*tenant)
		want   string
		says   string
	}{
		{"the other administrator was disabled", func(t *tenant) {
			t.collections[roleAssignments][5]["principal"].(object)["accountEnabled"] = false
		}, "guarded", "no other enabled person"},
		{"the other administrator lost the role", func(t *tenant) {
			t.collections[roleAssignments] = slices.Delete(t.collections[roleAssignments], 5, 6)
		}, "guarded", "no other enabled person"},
		{"the account was enabled again", func(t *tenant) {
			t.collections[roleAssignments][0]["principal"].(object)["accountEnabled"] = true
		}, "drifted", "not the one that the plan was made for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			run := tenant.run(t)
			tt.change(tenant)
			for _, s := range apply(t, run) {
				global := s.Change.Request.Path == roleAssignments+"/ra-left-1"
				if global && (string(s.Outcome) != tt.want || !strings.Contains(s.Message, tt.says)) {
					t.Errorf("the change ended %s (%s), want %s (%s)", s.Outcome, s.Message, tt.want, tt.says)
				}
				if !global && s.Outcome != remediation.Applied {
					t.Errorf("%s ended %s (%s)", s.Change.Request.Path, s.Outcome, s.Message)
				}
			}
		})
	}
}

// TestIrreversible lists what can't be undone.
func TestIrreversible(t *testing.T) {
	tenant := newTenant()
	run := tenant.run(t)
	run.Sources = tenant.sources(t, found{"ROLE1017", "remove_role_assignment", "principal", "u-deleted"})
	run.File = file(t, build(t, run.Sources))
	if got := apply(t, run); len(got) != 1 || got[0].Outcome != remediation.Applied || got[0].Change.Reversible {
		t.Fatalf("Apply() = %+v", got)
	}
	if got := rollback(t, run); len(got) != 1 || got[0].Outcome != remediation.Irreversible || got[0].Done() {
		t.Errorf("Rollback() = %+v", got)
	}
}
