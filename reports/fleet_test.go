package reports_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/reports"
)

// ofTenant makes a result that of another tenant.
func ofTenant(result *findings.Result, number int, name string, started time.Time) *findings.Result {
	result = result.Normalised()
	result.Tenant = findings.Tenant{ID: fmt.Sprintf("3f0c1d7e-0000-4000-8000-%012d", number), Name: name, Cloud: "global"}
	result.Started, result.Finished, result.Change = started, started.Add(time.Minute), nil
	result.Findings = slices.Clone(result.Findings)
	for i := range result.Findings {
		finding := &result.Findings[i]
		finding.Fingerprint, finding.Change = findings.Fingerprint(result.Tenant.ID, finding.Rule, finding.Resource), ""
	}
	return settle(result)
}

func addTo(fleet *findings.Fleet, tenant findings.FleetTenant, after, before *findings.Result) {
	fleet.Add(tenant, findings.Recorded{Result: after, Digest: digest("after")}, findings.Recorded{Result: before, Digest: digest("before")})
}

// small is a fleet of a few tenants of every sort.
func small() *findings.Fleet {
	day := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	fleet := findings.NewFleet(findings.Tool{Name: "domicile", Version: "0.3.0"}, nil)
	addTo(fleet, findings.FleetTenant{Name: "good", Groups: []string{"eu"}}, ofTenant(good(), 1, "Contoso", day), ofTenant(weak(), 1, "Contoso", day.AddDate(0, 0, -1)))
	worse := ofTenant(weak(), 2, weak().Tenant.Name, day)
	worse.Digests.Evidence = digest("other evidence")
	addTo(fleet, findings.FleetTenant{Groups: []string{"us", "eu"}}, worse, ofTenant(good(), 2, "Weak", day.AddDate(0, 0, -1)))
	old := ofTenant(partial(), 3, "Fabrikam", day.AddDate(0, 0, -40))
	old.Digests.Policies, old.Tool.Version = digest("older policies"), "0.2.0"
	addTo(fleet, findings.FleetTenant{}, old, nil)
	addTo(fleet, findings.FleetTenant{Name: "new", Tenant: findings.Tenant{ID: "3f0c1d7e-0000-4000-8000-000000000004", Cloud: "gcc"}}, nil, nil)
	fleet.Unread = append(fleet.Unread, findings.FleetUnread{Source: "out/broken/result.json", Error: "reading the result: \x1b[2J<b>"})
	fleet.Finish()
	return fleet
}

// large is a fleet of n tenants that are judged by 109 rules, with verdicts at random.
func large(n int) *findings.Fleet {
	random := rand.New(rand.NewPCG(1, 2))
	topics := []string{"licences", "roles", "consent", "geo", "xdr", "integration"}
	reasons := []string{"no_permission", "needs_attestation", "not_collected", "needs_configuration"}
	fleet := findings.NewFleet(findings.Tool{Name: "domicile", Version: "0.3.0"}, nil)
	result := func(i, day int) *findings.Result {
		r := &findings.Result{
			Tool: findings.Tool{Name: "domicile", Version: "0.3.0"}, Profile: "xdr-current", Digests: findings.Digests{Policies: digest("policies"), Evidence: digest(fmt.Sprint(i, day))},
			Gaps: []findings.Gap{{Kind: "kind_3", Reason: "no_permission", Permission: "SecurityIncident.Read.All"}},
		}
		bad := random.Float64() * random.Float64() / 2
		for k := range 109 {
			one := findings.Rule{ID: fmt.Sprintf("%s%04d", strings.ToUpper(topics[k/19][:3]), 1001+k%19), Title: "What the rule wants of the tenant, in a sentence of usual length", Topic: topics[k/19], Severity: findings.Severities()[k%5], Outcome: findings.Pass}
			switch random := random.Float64(); {
			case random < bad:
				one.Outcome = findings.Fail
				r.Findings = append(r.Findings, findings.Finding{Rule: one.ID, Outcome: findings.Fail, Severity: one.Severity, Resource: findings.Resource{Kind: "tenant", ID: fmt.Sprint(i)}, Message: "wrong"})
			case random < bad+.2:
				one.Outcome = findings.Unknown
				one.Reasons = []findings.Reason{{Reason: reasons[k%4], Kind: fmt.Sprintf("kind_%d", k%7)}}
			case random < bad+.3:
				one.Outcome = findings.NotApplicable
			}
			r.Rules = append(r.Rules, one)
		}
		return ofTenant(r, i, fmt.Sprintf("Customer %d of the provider", i), time.Date(2026, 11, day, i%24, i%60, 0, 0, time.UTC))
	}
	for i := range n {
		before := result(i, 19)
		after := result(i, 20)
		if i%3 > 0 {
			after.Rules, after.Findings = slices.Clone(before.Rules), before.Findings // little changes
			for k := range 3 {
				after.Rules[k*17+i%40].Outcome = findings.Fail
			}
			settle(after)
		}
		addTo(fleet, findings.FleetTenant{Name: fmt.Sprintf("customer-%d", i), Groups: []string{[]string{"eu", "us", "gov"}[i%3]}}, after, before)
	}
	fleet.Finish()
	return fleet
}

func fleetAs(t testing.TB, format string, fleet *findings.Fleet) []byte {
	t.Helper()
	at := slices.IndexFunc(reports.FleetFormats(), func(f reports.FleetFormat) bool { return f.Name == format })
	var out bytes.Buffer
	if err := reports.FleetFormats()[at].Write(&out, fleet); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFleetGolden(t *testing.T) {
	fleet := small()
	for _, format := range reports.FleetFormats() {
		golden.Check(t, filepath.Join("testdata", "fleet", format.File), fleetAs(t, format.Name, fleet))
	}
}

func TestFleetSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(findings.FleetSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("fleet.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("fleet.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	none := findings.NewFleet(findings.Tool{Name: "domicile"}, nil)
	none.Finish()
	for name, fleet := range map[string]*findings.Fleet{"small": small(), "large": large(5), "none": none} {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(fleetAs(t, "json", fleet)))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"version": 1}`))
	if err == nil {
		err = schema.Validate(value)
	}
	if err == nil {
		t.Error("the schema accepts a fleet report without tenants")
	}
}

// A thousand tenants stay a page that a browser opens at once, and the page shows the worst of
// them.
func TestFleetPageStaysSmall(t *testing.T) {
	const tenants = 1002
	fleet := large(tenants)
	page := fleetAs(t, "html", fleet)
	if limit := 3 << 20; len(page) > limit {
		t.Errorf("the page of %d tenants has %d bytes, want at most %d", tenants, len(page), limit)
	}
	shown := regexp.MustCompile(`(?s)<noscript.*?</noscript>`).ReplaceAllString(bare(page), "")
	if nodes := len(htmlTag.FindAllString(shown, -1)); nodes > 2000 {
		t.Errorf("the page has %d tags before anything is opened, want at most 2000", nodes)
	}
	if rows := bytes.Count(page, []byte("<tr data-state=")); rows != 1000 {
		t.Errorf("the page shows %d tenants, want 1000", rows)
	}
	if !bytes.Contains(page, []byte("2 tenants left out here")) {
		t.Error("the page doesn't say what it leaves out")
	}
	if last := fleet.Tenants[tenants-1].Name; bytes.Contains(page, []byte("<bdi>"+last+"</bdi>")) {
		t.Errorf("the page shows %s, which stands best", last)
	}
	if !bytes.Equal(page, fleetAs(t, "html", large(tenants))) {
		t.Error("equal fleets give different pages")
	}
}

// Whatever tenants, rules and files are called, the page has the tags of its template alone,
// and the table no formulas.
func TestFleetHostileText(t *testing.T) {
	for _, text := range hostile() {
		fleet := findings.NewFleet(findings.Tool{Name: "domicile", Version: text}, nil)
		result := seeded(text)
		fleet.Add(findings.FleetTenant{Name: text, Groups: []string{text}}, findings.Recorded{Result: result, Digest: text}, findings.Recorded{})
		fleet.Add(findings.FleetTenant{Name: text + "never"}, findings.Recorded{}, findings.Recorded{})
		fleet.Unread = append(fleet.Unread, findings.FleetUnread{Source: text, Error: text})
		fleet.Finish()
		page := fleetAs(t, "html", fleet)
		checkTags(t, page, 1)
		if strings.ContainsAny(bare(page), "\u202e\u200b\x1b") {
			t.Errorf("the page of %q has characters that are not seen", text)
		}
		lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(fleetAs(t, "csv", fleet), []byte("\ufeff")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			for _, cell := range line {
				if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") || strings.HasPrefix(cell, "＝") {
					t.Errorf("the table of %q has the cell %q", text, cell)
				}
			}
		}
	}
}

func TestFleetCSVHasACellForEachRule(t *testing.T) {
	fleet := small()
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(fleetAs(t, "csv", fleet), []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err) // also lines of different lengths
	}
	column := slices.Index(lines[0], "GEO1002")
	var got []string
	for _, line := range lines[1:] {
		got = append(got, line[0]+" "+line[column])
	}
	want := []string{"Contoso <b>⟨U+202E⟩latnediser</b> fail", "new ", "Fabrikam unknown", "good pass"}
	if !slices.Equal(got, want) {
		t.Errorf("GEO1002 by tenant = %q, want %q", got, want)
	}
}

// The verdict says no more than is known: what could not be read, judged or was left out counts.
func TestFleetVerdict(t *testing.T) {
	day := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	none := good().Normalised()
	none.Rules, none.Findings = slices.Clone(none.Rules), nil
	for i := range none.Rules {
		none.Rules[i].Outcome = findings.NotApplicable
	}
	chosen := good().Normalised()
	chosen.Selection = &findings.Selection{Rules: []string{"ROLE*"}, Of: 109}
	before := ofTenant(weak(), 1, "Contoso", day.AddDate(0, 0, -1))
	for i := range before.Findings {
		before.Findings[i].Message = "Said in other words."
	}
	before.Digests.Policies, before.Digests.Evidence = digest("older policies"), digest("older evidence")
	tests := []struct {
		name          string
		after, before *findings.Result
		unread        bool
		want          []string
	}{
		{"sound", good(), nil, false, []string{`class="verdict s-pass"`, "No open violation found"}},
		{"one unread", good(), nil, true, []string{`class="verdict s-unknown"`, "No violation found, but 1 source could not be read"}},
		{"nothing applies", settle(none), nil, false, []string{`class="verdict s-na"`, "No rule that was judged applies to any tenant"}},
		{"some rules", chosen, nil, false, []string{"1 tenant judged by chosen rules alone", ", chosen of 109<"}},
		{"not in full", partial(), nil, false, []string{"1 tenant not judged in full"}},
		{"other words", weak(), before, false, []string{" changed<span class=\"small\">put down to: ", "unclear ("}},
		{"no longer judged", partial(), weak(), false, []string{"1 tenant where something is no longer judged"}},
		{"rules alone", partial(), good(), false, []string{"1 tenant where something is no longer judged", " rules with another outcome<span class=\"small\">put down to: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fleet := findings.NewFleet(findings.Tool{}, nil)
			if tt.before != nil {
				tt.before = ofTenant(tt.before, 1, "Contoso", day.AddDate(0, 0, -1))
			}
			addTo(fleet, findings.FleetTenant{}, ofTenant(tt.after, 1, "Contoso", day), tt.before)
			if tt.unread {
				fleet.Unread = append(fleet.Unread, findings.FleetUnread{Source: "x", Error: "y"})
			}
			fleet.Finish()
			page := string(fleetAs(t, "html", fleet))
			for _, want := range tt.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
		})
	}
}

// Tenants that were judged by different profiles don't stand side by side unsaid.
func TestFleetProfiles(t *testing.T) {
	const says = "<dt>Profiles differ</dt><dd>mtp-2020-a (1), xdr-current (2)</dd>"
	fleet := findings.NewFleet(findings.Tool{}, nil)
	for i, profile := range []string{"xdr-current", "xdr-current", "mtp-2020-a"} {
		result := ofTenant(good(), i+1, "Contoso", time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC))
		result.Profile = profile
		addTo(fleet, findings.FleetTenant{}, result, nil)
		fleet.Finish()
		if got := strings.Contains(string(fleetAs(t, "html", fleet)), says); got != (i == 2) {
			t.Errorf("with %d tenants the page says that profiles differ: %t", i+1, got)
		}
	}
}
