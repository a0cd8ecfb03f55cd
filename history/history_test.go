package history_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/remediation"
)

// TestSQLite runs the suite on files.
func TestSQLite(t *testing.T) {
	suite(t, func(t *testing.T) string {
		t.Helper()
		return filepath.Join(t.TempDir(), "data", "history.db")
	})
}

// suite holds a kind of database to what a history promises; fresh names an empty one.
func suite(t *testing.T, fresh func(*testing.T) string) {
	t.Helper()
	t.Run("round trip", func(t *testing.T) { testRoundTrip(t, opened(t, fresh(t))) })
	t.Run("any order", func(t *testing.T) { testAnyOrder(t, fresh) })
	t.Run("tenants apart", func(t *testing.T) { testTenantsApart(t, opened(t, fresh(t))) })
	t.Run("first and last seen", func(t *testing.T) { testSeen(t, opened(t, fresh(t))) })
	t.Run("standings", func(t *testing.T) { testStandings(t, opened(t, fresh(t))) })
	t.Run("pages", func(t *testing.T) { testPages(t, opened(t, fresh(t))) })
	t.Run("open findings", func(t *testing.T) { testOpenFindings(t, opened(t, fresh(t))) })
	t.Run("upgrade", func(t *testing.T) { testUpgrade(t, fresh(t)) })
	t.Run("runs", func(t *testing.T) { testRuns(t, opened(t, fresh(t))) })
	t.Run("signatures", func(t *testing.T) { testSignatures(t, opened(t, fresh(t))) })
	t.Run("prune", func(t *testing.T) { testPrune(t, opened(t, fresh(t))) })
	t.Run("hostile", func(t *testing.T) { testHostile(t, opened(t, fresh(t))) })
	t.Run("refused", func(t *testing.T) { testRefused(t, opened(t, fresh(t))) })
	t.Run("only what changes is written", func(t *testing.T) { testChurn(t, opened(t, fresh(t))) })
	t.Run("at once", func(t *testing.T) { testAtOnce(t, fresh(t)) })
	t.Run("processes", func(t *testing.T) { testProcesses(t, fresh(t)) })
	t.Run("pruning meanwhile", func(t *testing.T) { testPruningMeanwhile(t, fresh(t)) })
	t.Run("crash", func(t *testing.T) { testCrash(t, fresh(t)) })
	t.Run("forged", func(t *testing.T) { testForged(t, fresh(t)) })
	t.Run("versions", func(t *testing.T) { testVersions(t, fresh(t)) })
	t.Run("damaged", func(t *testing.T) { testDamaged(t, fresh(t)) })
}

func some(tenant string, actual string, ids ...int) []findings.Finding {
	var found []findings.Finding
	for _, id := range ids {
		found = append(found, finding(tenant, id, actual))
	}
	return found
}

// holds checks that a history gives a recorded result back to the byte.
func holds(t testing.TB, store *history.Store, scan history.Scan, want []byte) {
	t.Helper()
	got, err := store.Result(t.Context(), scan)
	if err != nil {
		t.Fatalf("Result(%d) = %v", scan.ID, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the result of scan %d is not what was recorded:\n%s", scan.ID, cmp.Diff(string(want), string(got)))
	}
}

// testRoundTrip records results of every shape, and gets them back as they were.
func testRoundTrip(t *testing.T, store *history.Store) {
	t.Helper()
	compared := result(tenantID, day(3), some(tenantID, "more", 1, 2, 4))
	if err := compared.Compare(result(tenantID, day(2), some(tenantID, "other", 2, 3, 4)), strings.Repeat("a", 64)); err != nil {
		t.Fatal(err)
	}
	waived := result(tenantID, day(4), some(tenantID, "other", 1, 2, 3))
	findings.Waive(waived, []findings.Waiver{{
		Rule: "CONS1004", Resource: findings.Selector{Kind: "oauth2_permission_grant", ID: "*"}, Reason: "r", Owner: "o", Approver: "p", Ticket: "t",
		Approved: "2026-01-01", Expires: "2026-12-31",
	}}, waived.Started)
	results := []*findings.Result{
		result(tenantID, day(0), nil), result(tenantID, day(1), some(tenantID, "one", 1)), result(tenantID, day(2), some(tenantID, "other", 2, 3)), compared, waived,
	}
	for _, r := range results {
		document := encode(t, r)
		scan := record(t, store, document)
		holds(t, store, scan, document)
		again, recorded, err := store.Record(t.Context(), document, "another", day(9))
		if err != nil || recorded {
			t.Errorf("recording the same result again = %v, %v", recorded, err)
		}
		listed, err := store.Scan(t.Context(), tenantID, scan.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []history.Scan{again, listed} {
			holds(t, store, got, document)
			if got.ID != scan.ID || got.RecordedBy != "auditor" || !got.Recorded.Equal(day(0)) || got.Violations != r.Summary.Findings || got.Exit != r.Exit ||
				got.Digests != r.Digests || !got.Started.Equal(r.Started) || got.TenantName != "Contoso" || got.Reader != r.Reader.AppID || got.Tool != "1.2.3" {
				t.Errorf("scan %d = %+v", scan.ID, got)
			}
		}
	}
	scans, err := store.List(t.Context(), strings.ToUpper(tenantID))
	if err != nil || len(scans) != len(results) || !scans[0].Started.Equal(day(4)) {
		t.Errorf("List() = %d scans, %v, want %d, the latest first", len(scans), err, len(results))
	}
}

// testAnyOrder: whatever the order in which results are recorded, each comes back as it was,
// and what was seen first and last is the same.
func testAnyOrder(t *testing.T, fresh func(*testing.T) string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var documents [][]byte
	for n := range 12 {
		var found []findings.Finding
		for id := range 8 {
			if random.IntN(3) > 0 {
				found = append(found, finding(tenantID, id, fmt.Sprint("state ", random.IntN(2))))
			}
		}
		r := result(tenantID, day(n/2*2), found) // two scans each of one time
		r.Digests.Params = fmt.Sprintf("%064x", n)
		documents = append(documents, encode(t, r))
	}
	var want []history.Seen
	for round := range 6 {
		store := opened(t, fresh(t))
		order := random.Perm(len(documents))
		if round == 0 {
			slices.Sort(order)
		}
		scans := map[int]history.Scan{}
		for _, i := range order {
			scans[i] = record(t, store, documents[i])
			for j, scan := range scans {
				holds(t, store, scan, documents[j])
			}
		}
		got := seen(t, store, tenantID, true)
		for i := range got {
			// Which of two scans of one time comes first is the order of recording.
			got[i].FirstSeen, got[i].LastSeen = got[i].FirstSeen.Truncate(time.Second), got[i].LastSeen.Truncate(time.Second)
			got[i].Finding.Message, got[i].Finding.Actual, got[i].Open = "", "", false
		}
		if round == 0 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("recorded in the order %v, what was seen differs (-want +got):\n%s", order, diff)
		}
	}
}

func seen(t *testing.T, store *history.Store, tenant string, gone bool) []history.Seen {
	t.Helper()
	var all []history.Seen
	for one, err := range store.Findings(t.Context(), tenant, gone) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func testTenantsApart(t *testing.T, store *history.Store) {
	t.Helper()
	const other = "3f0c1d7e-0000-4000-8000-000000000002"
	ours, theirs := encode(t, result(tenantID, day(0), some(tenantID, "a", 1, 2))), encode(t, result(other, day(0), some(other, "a", 1, 2, 3)))
	mine, foreign := record(t, store, ours), record(t, store, theirs)
	last := encode(t, result(tenantID, day(1), nil))
	record(t, store, last)
	holds(t, store, mine, ours)
	holds(t, store, foreign, theirs)
	if _, err := store.Scan(t.Context(), other, mine.ID); !errors.Is(err, history.ErrNoScan) {
		t.Errorf("another tenant's scan = %v, want %v", err, history.ErrNoScan)
	}
	if got := seen(t, store, other, false); len(got) != 3 || got[0].Tenant != other {
		t.Errorf("the other tenant has %d open findings, want 3", len(got))
	}
	if got := seen(t, store, tenantID, false); len(got) != 0 {
		t.Errorf("a tenant in which all is mended has %d open findings", len(got))
	}
	if pruned, err := store.Prune(t.Context(), history.Retention{Tenant: tenantID, Keep: 1}, false); err != nil || len(pruned.Scans) != 1 {
		t.Errorf("Prune() = %v, %v, want one scan of the one tenant", pruned, err)
	}
	holds(t, store, foreign, theirs)
}

func testSeen(t *testing.T, store *history.Store) {
	t.Helper()
	record(t, store, encode(t, result(tenantID, day(0), some(tenantID, "a", 1, 2))))
	record(t, store, encode(t, result(tenantID, day(1), some(tenantID, "b", 1))))
	record(t, store, encode(t, result(tenantID, day(2), some(tenantID, "b", 1, 3))))
	record(t, store, encode(t, result(tenantID, day(3), some(tenantID, "b", 1, 2))))
	type times struct{ first, last time.Time }
	want := map[int]times{1: {day(0), day(3)}, 2: {day(0), day(3)}, 3: {day(2), day(2)}}
	all := seen(t, store, "", true)
	if len(all) != len(want) {
		t.Fatalf("%d findings were seen, want %d", len(all), len(want))
	}
	for id, want := range want {
		i := slices.IndexFunc(all, func(one history.Seen) bool { return one.Finding.Fingerprint == finding(tenantID, id, "").Fingerprint })
		if got := all[i]; !got.FirstSeen.Equal(want.first) || !got.LastSeen.Equal(want.last) || got.Open != (id != 3) || got.Finding.Actual != "b" {
			t.Errorf("finding %d = %+v, want %v", id, got, want)
		}
	}
	if open := seen(t, store, tenantID, false); len(open) != 2 {
		t.Errorf("%d findings are open, want 2", len(open))
	}
	for range store.Findings(t.Context(), tenantID, true) {
		break // the store is free again afterwards
	}
	record(t, store, encode(t, result(tenantID, day(4), nil)))
}

func testPrune(t *testing.T, store *history.Store) {
	t.Helper()
	var documents [][]byte
	var scans []history.Scan
	for n := range 10 {
		documents = append(documents, encode(t, result(tenantID, day(n), some(tenantID, "a", 1, 2+n))))
		scans = append(scans, record(t, store, documents[n]))
	}
	for _, keep := range []history.Retention{{Keep: 6}, {Since: day(4)}, {Keep: 9, Since: day(4)}} {
		pruned, err := store.Prune(t.Context(), keep, true)
		if err != nil || len(pruned.Scans) != 4 || pruned.Scans[3].ID != scans[0].ID {
			t.Errorf("Prune(%+v) = %d scans, %v, want the four oldest", keep, len(pruned.Scans), err)
		}
	}
	holds(t, store, scans[0], documents[0])
	if pruned, err := store.Prune(t.Context(), history.Retention{Keep: 6}, false); err != nil || len(pruned.Scans) != 4 {
		t.Fatalf("Prune() = %d scans, %v, want 4", len(pruned.Scans), err)
	}
	if _, err := store.Scan(t.Context(), tenantID, scans[3].ID); !errors.Is(err, history.ErrNoScan) {
		t.Errorf("a scan that was pruned = %v, want %v", err, history.ErrNoScan)
	}
	for n := 4; n < 10; n++ {
		holds(t, store, scans[n], documents[n])
	}
	if open := seen(t, store, tenantID, false); len(open) != 2 || !open[0].FirstSeen.Equal(day(0)) && !open[1].FirstSeen.Equal(day(0)) {
		t.Errorf("open findings = %+v, want one first seen in a scan that was pruned", open)
	}
	if all := seen(t, store, tenantID, true); len(all) != 7 {
		t.Errorf("%d findings are known, want 7: those of pruned scans are forgotten", len(all))
	}
	late := encode(t, result(tenantID, day(2), some(tenantID, "a", 1)))
	holds(t, store, record(t, store, late), late)
	for n := 4; n < 10; n++ {
		holds(t, store, scans[n], documents[n])
	}
	if pruned, err := store.Prune(t.Context(), history.Retention{Since: day(100)}, false); err != nil || len(pruned.Scans) != 6 {
		t.Errorf("Prune() = %d scans, %v, want all but the latest", len(pruned.Scans), err)
	}
	holds(t, store, scans[9], documents[9])
}

// testSignatures: the signature beside a result is kept with it, one that comes later too, and none
// takes the place of another.
func testSignatures(t *testing.T, store *history.Store) {
	t.Helper()
	signed, unsigned := encode(t, result(tenantID, day(1), nil)), encode(t, result(tenantID, day(2), nil))
	for _, tt := range []struct {
		document       []byte
		envelope, want string
		recorded       bool
	}{
		{signed, "first", "first", true},
		{signed, "second", "first", false},
		{signed, "", "first", false},
		{unsigned, "", "", true},
		{unsigned, "later", "later", false},
	} {
		entry := history.Entry{Result: tt.document, Envelope: []byte(tt.envelope), By: "auditor", Time: day(9)}
		scan, recorded, err := store.RecordWith(t.Context(), entry, func(*sql.Tx, history.Scan) error { return nil })
		if err != nil || recorded != tt.recorded {
			t.Fatalf("RecordWith(%q) = %v, %v, want %v", tt.envelope, recorded, err, tt.recorded)
		}
		if envelope, err := store.Envelope(t.Context(), scan); err != nil || string(envelope) != tt.want || (envelope == nil) != (tt.want == "") {
			t.Errorf("Envelope() after %q = %q, %v, want %q", tt.envelope, envelope, err, tt.want)
		}
		if holds, err := store.Holds(t.Context(), scan.Digest); err != nil || !holds {
			t.Errorf("Holds() = %v, %v", holds, err)
		}
	}
	if holds, err := store.Holds(t.Context(), strings.Repeat("0", 64)); err != nil || holds {
		t.Errorf("Holds() of what was never recorded = %v, %v", holds, err)
	}
}

// runRecord is the record of a run that began on a day.
func runRecord(t *testing.T, tenant, name string, began time.Time) []byte {
	t.Helper()
	record := remediation.RunRecord{
		Version: remediation.Version, Tool: findings.Tool{Name: "domicile", Version: "1.2.3"}, Tenant: findings.Tenant{ID: tenant, Name: name},
		Files: remediation.RunFiles{Journal: remediation.RunFile{File: "plan.journal", SHA256: strings.Repeat("b", 64), Size: 1}},
		Run: findings.Run{
			Kind: "apply", Plan: strings.Repeat("a", 64), Author: name, App: "app", Began: began, Ended: began.Add(time.Minute), Approval: &findings.Approval{By: name},
			Changes: []findings.RunChange{{ID: "1", Outcome: "applied", Verdict: "mended"}, {ID: "2", Outcome: "in_place"}, {ID: "3", Outcome: "drifted"}},
		},
	}
	var out bytes.Buffer
	if err := record.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func testRuns(t *testing.T, store *history.Store) {
	t.Helper()
	var recorded []history.Run
	keep := func(tenant, name string, began time.Time, envelope string) history.Run {
		t.Helper()
		document := runRecord(t, tenant, name, began)
		run, is, err := store.RecordRun(t.Context(), document, []byte(envelope), "auditor", day(9))
		if err != nil || !is {
			t.Fatalf("RecordRun() = %v, %v", is, err)
		}
		if again, is, err := store.RecordRun(t.Context(), document, nil, "another", day(10)); err != nil || is || again != run {
			t.Errorf("RecordRun() again = %+v, %v, %v, want %+v", again, is, err, run)
		}
		got, signature, err := store.RunRecord(t.Context(), run)
		if err != nil || !bytes.Equal(got, document) || string(signature) != envelope {
			t.Errorf("RunRecord() = %d bytes, %q, %v", len(got), signature, err)
		}
		want := envelope
		if want == "" {
			want = "later"
		}
		// A signature that comes later is kept, and none takes the place of another.
		if _, is, err := store.RecordRun(t.Context(), document, []byte("later"), "another", day(10)); err != nil || is {
			t.Errorf("RecordRun() with a signature = %v, %v", is, err)
		}
		if _, signature, err := store.RunRecord(t.Context(), run); err != nil || string(signature) != want {
			t.Errorf("RunRecord() has the signature %q, %v", signature, err)
		}
		recorded = append(recorded, run)
		return run
	}
	first := keep(tenantID, "Contoso", day(1), "signed")
	want := history.Run{
		ID: first.ID, Tenant: tenantID, TenantName: "Contoso", Kind: "apply", Began: day(1), Ended: day(1).Add(time.Minute), Digest: first.Digest, Plan: strings.Repeat("a", 64),
		Recorded: day(9), RecordedBy: "auditor", Tool: "1.2.3", Author: "Contoso", Approver: "Contoso", App: "app", Changes: 3, Done: 2, Mended: 1,
	}
	if diff := cmp.Diff(want, first, cmpopts.IgnoreUnexported(history.Run{})); diff != "" {
		t.Errorf("RecordRun() (-want +got):\n%s", diff)
	}
	keep(tenantID, "\x00\u202e<b>' OR 1=1 --"+strings.Repeat("x", 5000), day(3), "")
	other := strings.Replace(tenantID, "3f", "4f", 1)
	keep(other, "Fabrikam", day(2), "")
	runs, err := store.Runs(t.Context(), strings.ToUpper(tenantID))
	if err != nil || len(runs) != 2 || runs[0] != recorded[1] || runs[1] != recorded[0] {
		t.Errorf("Runs() = %+v, %v, want the tenant's two, the latest first", runs, err)
	}
	for n := range 5 {
		record(t, store, encode(t, result(tenantID, day(n), nil)))
	}
	pruned, err := store.Prune(t.Context(), history.Retention{Keep: 3}, true)
	if err != nil || len(pruned.Scans) != 2 || len(pruned.Runs) != 1 || pruned.Runs[0] != first {
		t.Errorf("Prune() = %+v, %v, want the run before the oldest scan that is kept", pruned, err)
	}
	if pruned, err = store.Prune(t.Context(), history.Retention{Since: day(4)}, false); err != nil || len(pruned.Runs) != 3 {
		t.Errorf("Prune() = %+v, %v, want every run", pruned.Runs, err)
	}
	if runs, err := store.Runs(t.Context(), ""); err != nil || len(runs) != 0 {
		t.Errorf("%d runs are left, %v", len(runs), err)
	}
	if _, _, err := store.RunRecord(t.Context(), first); err == nil {
		t.Error("a run that was pruned is there")
	}
	for name, bad := range map[string][]byte{"a result": encode(t, result(tenantID, day(0), nil)), "nothing": nil, "no tenant's id": runRecord(t, "a\nb", "", day(0))} {
		if _, _, err := store.RecordRun(t.Context(), bad, nil, "", day(0)); err == nil {
			t.Errorf("RecordRun() takes %s", name)
		}
	}
	damaged := keep(tenantID, "Contoso", day(5), "")
	if err := history.Exec(t.Context(), store, "UPDATE history_runs SET record = envelope"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.RunRecord(t.Context(), damaged); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("RunRecord() of a store that was changed = %v", err)
	}
}

// testHostile records what a tenant may call its things.
func testHostile(t *testing.T, store *history.Store) {
	t.Helper()
	names := []string{strings.Repeat("a", 10_000), "\x00\x1b[31m\u202e", "'; DROP TABLE history_scans; --", `","change":"new"}`, "\xff\xfe", "$1 ? {{bytes}}", "\u2028<script>", "\\u0000"}
	r := result(tenantID, day(0), nil)
	for i, name := range names {
		one := finding(tenantID, i, name)
		one.Resource.Name, one.Message = name, name
		one.Resource.ID += strings.ToValidUTF8(name, "?")
		one.Fingerprint = findings.Fingerprint(tenantID, one.Rule, one.Resource)
		r.Findings = append(r.Findings, one)
	}
	r.Tenant.Name, r.Reader.AppID, r.Tool.Version, r.Exit.Reason, r.Profile = "a\x00\xffb", "\x00", "\x00", strings.Repeat("\x00", 10_000), "\x00"
	document := encode(t, r)
	scan, _, err := store.Record(t.Context(), document, "a\x00b", day(0))
	if err != nil {
		t.Fatal(err)
	}
	holds(t, store, scan, document)
	if listed, err := store.Scan(t.Context(), "", scan.ID); err != nil || len(listed.Exit.Reason) > 4000 || strings.Contains(listed.TenantName+listed.RecordedBy, "\x00") {
		t.Errorf("Scan() = %+v, %v", listed, err)
	}
	if got := seen(t, store, tenantID, false); len(got) != len(names) {
		t.Errorf("%d findings are open, want %d", len(got), len(names))
	}
	if scans, err := store.List(t.Context(), "\x00'"); err != nil || len(scans) != 0 {
		t.Errorf("List() = %v, %v, want none", scans, err)
	}
}

func testRefused(t *testing.T, store *history.Store) {
	t.Helper()
	good := encode(t, result(tenantID, day(0), some(tenantID, "a", 1, 2)))
	forged := result(tenantID, day(0), some(tenantID, "a", 1))
	forged.Findings[0].Fingerprint = strings.Repeat("0", 64)
	nobody := result("", day(0), nil)
	unprintable := result("a\x00b", day(0), nil)
	twice := result(tenantID, day(0), some(tenantID, "a", 1, 1))
	tests := map[string][]byte{
		"nothing": nil, "not a result": []byte("\n  \"findings\": [{}]"), "without layout": bytes.ReplaceAll(good, []byte("\n"), nil), "windows lines": bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
		"cut": good[:len(good)-10], "more behind": append(bytes.Clone(good), ' '), "a space more": bytes.Replace(good, []byte(`"rule": "CONS1004"`), []byte(`"rule":  "CONS1004"`), 1),
		"a foreign fingerprint": encode(t, forged), "no tenant": encode(t, nobody), "a tenant that is none": encode(t, unprintable), "a finding twice": encode(t, twice),
		"a newer version": bytes.Replace(good, []byte(`"version": 1,`), []byte(`"version": 99,`), 1),
	}
	for name, document := range tests {
		if scan, recorded, err := store.Record(t.Context(), document, "auditor", day(0)); err == nil || recorded {
			t.Errorf("recording %s = %+v, %v, want an error", name, scan, recorded)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := store.Record(canceled, good, "auditor", day(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("recording when interrupted = %v", err)
	}
	if scans, err := store.List(t.Context(), ""); err != nil || len(scans) != 0 {
		t.Errorf("List() = %v, %v, want nothing recorded", scans, err)
	}
}

// testChurn: an unchanged finding takes no room again, also where results are compared
// with each other, so that each is new once.
func testChurn(t *testing.T, store *history.Store) {
	t.Helper()
	const size = 500
	var before *findings.Result
	for n := range 20 {
		r := result(tenantID, day(n), churn(size, n))
		if before != nil {
			if err := r.Compare(before, strings.Repeat("a", 64)); err != nil {
				t.Fatal(err)
			}
		}
		document := encode(t, r)
		holds(t, store, record(t, store, document), document)
		before = r
	}
	if all := seen(t, store, tenantID, true); len(all) != size+19*size/100 {
		t.Errorf("%d findings were kept, want %d", len(all), size+19*size/100)
	}
	rows, err := history.Intervals(t.Context(), store)
	if err != nil || rows != size+19*size/100 {
		t.Errorf("%d intervals were written, %v, want one for each finding", rows, err)
	}
}

// testAtOnce records from several connections, in which each result is recorded once.
func testAtOnce(t *testing.T, address string) {
	t.Helper()
	const scans = 12
	var group sync.WaitGroup
	count := make([]int, scans)
	var lock sync.Mutex
	for worker := range 3 {
		group.Go(func() {
			store, err := history.OpenOrCreate(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			defer store.Close()
			for i := range scans {
				n := (i + worker*scans/3) % scans
				_, recorded, err := store.Record(t.Context(), encode(t, result(tenantID, day(n), some(tenantID, "a", 1, 2, 3+n))), "auditor", day(0))
				if err != nil {
					t.Errorf("recording scan %d: %v", n, err)
				}
				if recorded {
					lock.Lock()
					count[n]++
					lock.Unlock()
				}
			}
		})
	}
	group.Wait()
	store := opened(t, address)
	all, err := store.List(t.Context(), "")
	if err != nil || len(all) != scans || slices.Contains(count, 0) || slices.Max(count) > 1 {
		t.Errorf("%d scans were recorded, %v, each so often: %v", len(all), err, count)
	}
	for i, scan := range all {
		n := scans - 1 - i
		holds(t, store, scan, encode(t, result(tenantID, day(n), some(tenantID, "a", 1, 2, 3+n))))
	}
}

// testVersions: a store that a newer program wrote is refused, with what to do.
func testVersions(t *testing.T, address string) {
	t.Helper()
	store := opened(t, address)
	document := encode(t, result(tenantID, day(0), some(tenantID, "a", 1)))
	scan := record(t, store, document)
	again := opened(t, address)
	holds(t, again, scan, document)
	// A store of the first version gets what it lacks, and keeps what it has.
	for _, statement := range []string{"ALTER TABLE history_scans DROP COLUMN envelope", "DROP TABLE history_runs", "DELETE FROM history_migrations WHERE version >= 3"} {
		if err := history.Exec(t.Context(), store, statement); err != nil {
			t.Fatal(err)
		}
	}
	older, err := history.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer older.Close()
	holds(t, older, scan, document)
	if runs, err := older.Runs(t.Context(), ""); err != nil || len(runs) != 0 {
		t.Errorf("Runs() of an older store = %v, %v", runs, err)
	}
	if err := history.Exec(t.Context(), store, "INSERT INTO history_migrations (version, file) VALUES (99, '0099_novel.sql')"); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func(context.Context, string) (*history.Store, error){history.Open, history.OpenOrCreate} {
		if _, err := open(t.Context(), address); !errors.Is(err, history.ErrNewer) || !strings.Contains(err.Error(), "hint: ") {
			t.Errorf("opening a newer store = %v, want %v and a hint", err, history.ErrNewer)
		}
	}
}

// testDamaged: what isn't what was recorded is never given out.
func testDamaged(t *testing.T, address string) {
	t.Helper()
	store := opened(t, address)
	scan := record(t, store, encode(t, result(tenantID, day(0), some(tenantID, "a", 1, 2))))
	if err := history.Exec(t.Context(), store, `UPDATE history_findings SET body = replace(body, '"fail"', '"pass"')`); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Result(t.Context(), scan); err == nil || got != nil {
		t.Errorf("Result() of a store that was changed = %d bytes, %v", len(got), err)
	}
}

// testForged: what can't have been recorded is damage, wherever it is asked for.
func testForged(t *testing.T, address string) {
	t.Helper()
	store := opened(t, address)
	record(t, store, encode(t, result(tenantID, day(0), some(tenantID, "a", 1))))
	for _, forgery := range [][2]string{
		{"history_scans SET digest = 'ab'", "history_scans SET digest = '" + strings.Repeat("ab", 32) + "'"},
		{"history_tenants SET tenant = 'a' || chr(27)", "history_tenants SET tenant = '" + tenantID + "'"},
		{"history_scans SET position = 9223372036854775806", "history_scans SET position = 0"},
		{"history_scans SET recorded = 9223372036854775806", "history_scans SET recorded = 0"},
	} {
		change := func(what string) {
			if !strings.HasPrefix(address, "postgres") {
				what = strings.ReplaceAll(what, "chr(", "char(")
			}
			if err := history.Exec(t.Context(), store, "UPDATE "+what); err != nil {
				t.Fatal(err)
			}
		}
		change(forgery[0])
		if scans, err := store.List(t.Context(), ""); err == nil {
			t.Errorf("List() after %s = %+v, want an error", forgery[0], scans)
		}
		if _, err := store.Prune(t.Context(), history.Retention{Keep: 1}, true); err == nil {
			t.Errorf("Prune() after %s = nil, want an error", forgery[0])
		}
		change(forgery[1])
		if _, err := store.List(t.Context(), ""); err != nil {
			t.Errorf("List() after %s = %v", forgery[1], err)
		}
	}
}

// TestHints: an error of a file says what to do about it.
func TestHints(t *testing.T) {
	dir := t.TempDir()
	text, cut := filepath.Join(dir, "text.db"), filepath.Join(dir, "cut.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := history.OpenOrCreate(t.Context(), cut)
	if err != nil {
		t.Fatal(err)
	}
	record(t, store, encode(t, result(tenantID, day(0), some(tenantID, "a", 1))))
	if err := errors.Join(store.Close(), os.Truncate(cut, 5000)); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ path, says, hint string }{
		"text":      {text, "not a database", "no database"},
		"truncated": {cut, "malformed", "no database"},
		"a device":  {os.DevNull, "a device or a pipe", ""},
		"no file":   {filepath.Join(dir, "none.db"), history.ErrNoStore.Error(), ""},
	}
	for name, tt := range tests {
		_, err := history.Open(t.Context(), tt.path)
		if err == nil || !strings.Contains(err.Error(), tt.says) || (tt.hint == "") != (history.Hint(err) == "") || !strings.Contains(history.Hint(err), tt.hint) {
			t.Errorf("Open() of %s = %v, hint %q, want %q, hint %q", name, err, history.Hint(err), tt.says, tt.hint)
		}
	}
	full := opened(t, filepath.Join(dir, "full.db"))
	if err := history.Exec(t.Context(), full, "PRAGMA max_page_count = 1"); err != nil { // no more than it has
		t.Fatal(err)
	}
	if _, _, err := full.Record(t.Context(), encode(t, result(tenantID, day(0), churn(2000, 0))), "auditor", day(0)); !strings.Contains(history.Hint(err), "room on the disk") {
		t.Errorf("recording on a full disk = %v, hint %q", err, history.Hint(err))
	}
	if scans, err := full.List(t.Context(), ""); err != nil || len(scans) != 0 {
		t.Errorf("List() = %v, %v, want nothing", scans, err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a folder", "what? #1%2e.db")
	if _, err := history.Open(t.Context(), path); !errors.Is(err, history.ErrNoStore) {
		t.Errorf("Open() = %v, want %v", err, history.ErrNoStore)
	}
	store := opened(t, "sqlite:"+path)
	record(t, store, encode(t, result(tenantID, day(0), nil)))
	for name, want := range map[string]os.FileMode{path: 0o600, path + "-wal": 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s = %v, %v, want mode %v", name, info, err, want)
		}
	}
	if _, err := history.Open(t.Context(), path); err != nil {
		t.Error(err)
	}
	empty, text := filepath.Join(dir, "empty.db"), filepath.Join(dir, "text.db")
	for name, content := range map[string]string{empty: "", text: strings.Repeat("not a database\n", 100)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err == nil {
		_, err = db.ExecContext(t.Context(), "CREATE TABLE other (id INTEGER)")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"", dir, empty, text, foreign, "mysql://localhost/x", "sqlite:", "a\x00b"} {
		if store, err := history.Open(t.Context(), address); err == nil {
			t.Errorf("Open(%q) = %v, want an error", address, store)
		}
	}
}

// TestPasswords: no password reaches a message.
func TestPasswords(t *testing.T) {
	for _, address := range []string{"postgres://auditor:swordfish@127.0.0.1:1/history", "postgresql://127.0.0.1:1/history?user=auditor&password=swordfish", "postgres://auditor:swordfish@[::1/history", "postgres://auditor:swordfish@127.0.0.1:99999/x?sslmode=swordfish"} {
		if !history.HasPassword(address) {
			t.Errorf("HasPassword(%q) = false", address)
		}
		if _, err := history.Open(t.Context(), address); err == nil || strings.Contains(strings.ReplaceAll(err.Error(), "sslmode=swordfish", ""), "swordfish") {
			t.Errorf("Open() = %v, want an error without the password", err)
		}
	}
	for _, address := range []string{"history.db", "postgres://auditor@127.0.0.1/history", "sqlite:a:b@c"} {
		if history.HasPassword(address) {
			t.Errorf("HasPassword(%q) = true", address)
		}
	}
}
