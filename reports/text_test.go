package reports_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/reports"
)

func text(t *testing.T, result *findings.Result, options reports.TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := reports.Text(&out, result, options); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Colour adds escape codes and takes no word away: without them the two are the same.
func TestTextColorSaysNothingAlone(t *testing.T) {
	codes := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for tenant, result := range fixtures() {
		plain := text(t, result, reports.TextOptions{})
		if strings.Contains(plain, "\x1b") {
			t.Errorf("%s: the text without colour holds escape codes", tenant)
		}
		colored := text(t, result, reports.TextOptions{Color: true})
		if !codes.MatchString(colored) {
			t.Errorf("%s: the text with colour holds no escape codes", tenant)
		}
		if got := codes.ReplaceAllString(colored, ""); got != plain {
			t.Errorf("%s: the text with colour says something else:\n%s", tenant, got)
		}
	}
	golden.Check(t, "testdata/weak/color.txt", []byte(text(t, weak(), reports.TextOptions{Color: true, Width: 100})))
}

func TestTextKeepsItsWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80, 120} {
		for line := range strings.Lines(text(t, weak(), reports.TextOptions{Width: width})) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("at width %d a line has %d characters: %s", width, n, line)
			}
		}
	}
}

func TestTextFitsAScreenHoweverMuchFails(t *testing.T) {
	lines := strings.Count(text(t, many(10_000), reports.TextOptions{Width: 100}), "\n")
	if limit := 23 + len(specs())*7; lines > limit {
		t.Errorf("10,000 findings of %d rules take %d lines, want at most %d", len(specs()), lines, limit)
	}
}

func TestTextSaysWhatMatters(t *testing.T) {
	tests := []struct {
		tenant string
		result *findings.Result
		want   []string
	}{
		{"good", good(), []string{"Contoso", "xdr-current", "FAIL 0", "PASS 16", "VIOLATIONS: none", "Exit code 0: No violation at or above high"}},
		{"weak", weak(), []string{"CRITICAL  GEO1002", "Defender XDR, data at rest: Defender XDR keeps its data in US, which", "to mend: Set it right", "and 11 more", "WHERE THE DATA RESTS", "Defender XDR, data at rest:          US (signed)\n", "The chain is broken at: Role, Consent, Geo, Feeding.", "Waived: 1 finding, none of them critical.", "Since the earlier result: 26 new, 1 unchanged, 1 fixed.", "- new: DC01: A health issue is open. Waiver W-7baafe0958 expired on", "covers 1 finding, until 2026-12-10, ends in 20", "Exit code 3: 14 violations of 3 rules"}},
		{"partial", partial(), []string{"Judged 5 of 17 rules; 10 could not be judged: needs attestation (5)", "Missing:", "SecurityIncident.Read.All", "Exit code 4:"}},
		{"empty", empty(), []string{"Judged 0 of 0 rules.", "imported from files"}},
	}
	for _, tt := range tests {
		got := text(t, tt.result, reports.TextOptions{})
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("the text of %s lacks %q:\n%s", tt.tenant, want, got)
			}
		}
	}
}

// A finding is told by its message, after the resource's name where that is left out.
func TestTextTellsWhatWasFound(t *testing.T) {
	result := good()
	fail(result, "ROLE1002", findings.Resource{Kind: "tenant", ID: tenantID, Name: "Contoso"}, "7 people are Global Administrators.", "2 to 4", "7")
	fail(result, "INT1004", findings.Resource{Kind: "mdi_health", ID: "sensor-1"}, "A health issue is open.", "none", "2 problems")
	fail(result, "XDR1009", findings.Resource{Kind: "user", ID: "1", Name: "adele@contoso.example"}, "User 'adele@contoso.example' has a copy.", "none", "one")
	got := text(t, settle(result), reports.TextOptions{Width: 100})
	for _, want := range []string{"- 7 people are Global Administrators.\n", "- mdi health sensor-1: A health issue is open.\n", "- User 'adele@contoso.example' has a copy.\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
}

// An export of an earlier day is not passed off as of the day on which it was imported.
func TestTextSaysHowOldTheEvidenceIs(t *testing.T) {
	result := good()
	result.Evidence[0].Time = result.Started.AddDate(0, -6, 0)
	want := "(the oldest of it is of " + result.Evidence[0].Time.Format("2006-01-02") + ")"
	if got := text(t, result, reports.TextOptions{Width: 200}); !strings.Contains(got, want) {
		t.Errorf("the text lacks %q:\n%s", want, got)
	}
	if got := text(t, good(), reports.TextOptions{Width: 200}); strings.Contains(got, "the oldest") {
		t.Errorf("the text of evidence of one day says that some is older:\n%s", got)
	}
}
