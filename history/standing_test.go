package history_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
)

const otherTenant = "3f0c1d7e-0000-4000-8000-000000000002"

// compared is the result of a scan, compared with an earlier one.
func compared(t *testing.T, tenant string, n int, found []findings.Finding, previous *findings.Result, digest string) *findings.Result {
	t.Helper()
	r := result(tenant, day(n), found)
	r.Waivers = []findings.Waiver{findings.Waiver{Rule: "CONS1004", Resource: findings.Selector{Kind: "tenant", ID: tenant}, Reason: "r", Owner: "o", Approver: "a", Ticket: "t", Approved: "2026-01-01", Expires: "2026-12-01", State: findings.Unused}.Identify()}
	if previous != nil {
		if err := r.Compare(previous, digest); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// testStandings: each tenant stands as its latest scan says, whatever was recorded last.
func testStandings(t *testing.T, store *history.Store) {
	t.Helper()
	first := compared(t, tenantID, 0, some(tenantID, "x", 1, 2), nil, "")
	one := record(t, store, encode(t, first))
	second := compared(t, tenantID, 2, some(tenantID, "x", 2, 3, 4), first, one.Digest)
	two := record(t, store, encode(t, second))
	between := record(t, store, encode(t, compared(t, tenantID, 1, some(tenantID, "x", 2), nil, "")))
	other := record(t, store, encode(t, compared(t, otherTenant, 1, nil, nil, "")))

	all, err := store.Standings(t.Context(), "")
	if err != nil || len(all) != 2 {
		t.Fatalf("Standings() = %v, %v, want two", all, err)
	}
	got := all[0]
	if got.Scan.ID != two.ID || got.Before == nil || got.Before.Scan != between.ID || got.Before.Digest != between.Digest || got.Before.Summary.Findings != 1 {
		t.Errorf("the first tenant stands by %+v after %+v, want the latest scan and the one before it", got.Scan, got.Before)
	}
	want := history.Numbers{Cloud: "global", Summary: second.Summary, Change: &history.Change{Previous: one.Digest, New: map[findings.Severity]int{findings.Medium: 2}, Fixed: 1}}
	if diff := cmp.Diff(want, got.Numbers, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("numbers differ (-want +got):\n%s", diff)
	}
	if all[1].Scan.ID != other.ID || all[1].Before != nil || all[1].Numbers.Change != nil {
		t.Errorf("the other tenant stands by %+v, want its only scan", all[1])
	}
	if just, err := store.Standings(t.Context(), otherTenant); err != nil || len(just) != 1 || just[0].Scan.ID != other.ID {
		t.Errorf("Standings(of one) = %v, %v", just, err)
	}

	counts, err := store.Violations(t.Context())
	if diff := cmp.Diff(map[string]map[findings.Severity]int{tenantID: {findings.Medium: 3}}, counts); err != nil || diff != "" {
		t.Errorf("Violations() differs, %v (-want +got):\n%s", err, diff)
	}

	judged, err := store.Judgements(t.Context(), tenantID)
	if err != nil || len(judged) != 1 || judged[0].Scan != two.ID {
		t.Fatalf("Judgements() = %+v, %v, want that of scan %d", judged, err, two.ID)
	}
	if diff := cmp.Diff(second.Waivers, judged[0].Waivers); diff != "" {
		t.Errorf("waivers differ (-want +got):\n%s", diff)
	}
	if first := judged[0].Verdicts[0]; first.Outcome != findings.Fail || len(first.Rules) != 1 || first.Rules[0] != "CONS1004" {
		t.Errorf("verdicts begin with %+v, want the rule that fails", first)
	}

	points, err := store.Trend(t.Context(), tenantID, 2)
	if err != nil || len(points) != 2 || points[0].Scan != between.ID || points[1].Scan != two.ID || !points[0].Started.Equal(day(1)) {
		t.Errorf("Trend(2) = %+v, %v, want the last two scans, the earlier first", points, err)
	}
	head, err := store.Head(t.Context(), two)
	if err != nil || head.Summary.Findings != 3 || len(head.Findings) != 0 || head.Change.Fixed != 1 {
		t.Errorf("Head() = %+v, %v, want the result without its findings", head, err)
	}
}

// testPages: scans and findings come page by page, none twice and none left out.
func testPages(t *testing.T, store *history.Store) {
	t.Helper()
	for n := range 5 {
		record(t, store, encode(t, result(tenantID, day(n), some(tenantID, "x", n, n+1, n+2, 99))))
		record(t, store, encode(t, result(otherTenant, day(n), some(otherTenant, "y", 7))))
	}
	seen := map[int64]bool{}
	var last *history.Scan
	for pages := 0; ; pages++ {
		page, err := store.Scans(t.Context(), history.Page{Before: last, Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		for i, scan := range page {
			if seen[scan.ID] || last != nil && scan.Started.After(last.Started) || i > 0 && scan.Started.After(page[i-1].Started) {
				t.Errorf("scan %d comes twice or too late", scan.ID)
			}
			seen[scan.ID] = true
		}
		if len(page) < 3 {
			if pages != 3 || len(seen) != 10 {
				t.Errorf("%d scans on %d pages, want 10 on 4", len(seen), pages+1)
			}
			break
		}
		last = &page[2]
	}

	var names []string
	query := history.OpenQuery{Limit: 2}
	for {
		page, err := store.OpenFindings(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page {
			names = append(names, one.Tenant[35:]+" "+one.Finding.Resource.Name[12:])
		}
		if len(page) < 2 {
			break
		}
		query.After = &page[1].Place
	}
	// Those of one weight and rule stand in the order in which they appeared.
	if diff := cmp.Diff([]string{"1 4 <&> Co", "1 5 <&> Co", "1 6 <&> Co", "1 99 <&> Co", "2 7 <&> Co"}, names, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("findings differ (-want +got):\n%s", diff)
	}
}

// testOpenFindings: the filters choose, and say since when.
func testOpenFindings(t *testing.T, store *history.Store) {
	t.Helper()
	record(t, store, encode(t, result(tenantID, day(0), some(tenantID, "x", 1, 2))))
	found := some(tenantID, "x", 1, 2, 3)
	found[1].Actual = "z"
	record(t, store, encode(t, result(tenantID, day(1), found)))
	tests := []struct {
		name  string
		query history.OpenQuery
		want  int
	}{
		{"all", history.OpenQuery{}, 3},
		{"new", history.OpenQuery{Tenant: tenantID, New: true}, 2},
		{"a severity", history.OpenQuery{Severity: findings.Medium}, 3},
		{"another severity", history.OpenQuery{Severity: findings.High}, 0},
		{"a rule", history.OpenQuery{Rule: "CONS1004", Outcome: findings.Fail}, 3},
		{"another rule", history.OpenQuery{Rule: "GEO1001"}, 0},
		{"waived", history.OpenQuery{Outcome: findings.Waived}, 0},
		{"another tenant", history.OpenQuery{Tenant: otherTenant}, 0},
	}
	for _, tt := range tests {
		tt.query.Limit = 10
		if got, err := store.OpenFindings(t.Context(), tt.query); err != nil || len(got) != tt.want {
			t.Errorf("%s: %d findings, %v, want %d", tt.name, len(got), err, tt.want)
		}
	}
	seen, err := store.Sightings(t.Context(), tenantID, found[1].Fingerprint)
	if err != nil || len(seen) != 2 || !seen[0].From.Equal(day(1)) || !seen[0].Until.IsZero() || !seen[1].Until.Equal(day(1)) || seen[1].Finding.Actual != "x" {
		t.Errorf("Sightings() = %+v, %v, want what it said before and after", seen, err)
	}
	if seen, err := store.Sightings(t.Context(), otherTenant, found[1].Fingerprint); err != nil || len(seen) != 0 {
		t.Errorf("Sightings() in another tenant = %v, %v, want none", seen, err)
	}
}

// testUpgrade: a store that was written before there were numbers gets them.
func testUpgrade(t *testing.T, address string) {
	t.Helper()
	store := opened(t, address)
	first := compared(t, tenantID, 0, some(tenantID, "x", 1, 2), nil, "")
	one := record(t, store, encode(t, first))
	record(t, store, encode(t, compared(t, tenantID, 1, some(tenantID, "x", 2, 3), first, one.Digest)))
	want, err := store.Standings(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"DROP TABLE history_numbers", "DROP TABLE history_standings", "DROP INDEX history_scans_position", "DROP INDEX history_findings_worst",
		"ALTER TABLE history_findings DROP COLUMN rule", "ALTER TABLE history_findings DROP COLUMN weight", "CREATE INDEX history_findings_interval ON history_findings (tenant_id, until)",
		"DROP TABLE history_runs", "ALTER TABLE history_scans DROP COLUMN envelope", "DELETE FROM history_migrations WHERE version >= 2",
	} {
		if err := history.Exec(t.Context(), store, statement); err != nil {
			t.Fatal(err)
		}
	}
	again := opened(t, address)
	got, err := again.Standings(t.Context(), "")
	if err != nil || len(got) != 1 {
		t.Fatalf("Standings() = %v, %v after the upgrade", got, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(history.Scan{})); diff != "" {
		t.Errorf("standings differ after the upgrade (-want +got):\n%s", diff)
	}
	open, err := again.OpenFindings(t.Context(), history.OpenQuery{Rule: "CONS1004", Severity: findings.Medium, Limit: 10})
	if err != nil || len(open) != 2 {
		t.Errorf("OpenFindings() = %d, %v after the upgrade, want 2", len(open), err)
	}
}
