package reports_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

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

func summary(t *testing.T, result *findings.Result, options reports.TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := reports.Summary(&out, result, options); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Colour adds escape codes and takes no word away: without them the two are the same.
func TestTextColorSaysNothingAlone(t *testing.T) {
	codes := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for tenant, result := range fixtures() {
		for write, make := range map[string]func(*testing.T, *findings.Result, reports.TextOptions) string{"text": text, "summary": summary} {
			plain := make(t, result, reports.TextOptions{})
			if strings.Contains(plain, "\x1b") {
				t.Errorf("%s: the %s without colour holds escape codes", tenant, write)
			}
			colored := make(t, result, reports.TextOptions{Color: true})
			if !codes.MatchString(colored) {
				t.Errorf("%s: the %s with colour holds no escape codes", tenant, write)
			}
			if got := codes.ReplaceAllString(colored, ""); got != plain {
				t.Errorf("%s: the %s with colour says something else:\n%s", tenant, write, got)
			}
		}
	}
	golden.Check(t, "testdata/weak/summary.txt", []byte(summary(t, weak(), reports.TextOptions{})))
	golden.Check(t, "testdata/weak/color.txt", []byte(text(t, weak(), reports.TextOptions{Color: true, Width: 100})))
}

// Lines keep the width in columns, also with characters that take two of them or none.
func TestTextKeepsItsWidth(t *testing.T) {
	wide := weak()
	for i, name := range []string{strings.Repeat("株式会社", 40), strings.Repeat("👍🏽 ", 60), strings.Repeat("e\u0301", 90), strings.Repeat("🇨🇭", 50)} {
		fail(wide, "GEO1002", findings.Resource{Kind: "user", ID: name, Name: name}, name, name, name)
		wide.Rules[i].Title, wide.Rules[i].Remediation.Summary = name, name
	}
	for write, make := range map[string]func(*testing.T, *findings.Result, reports.TextOptions) string{"Text": text, "Summary": summary} {
		for _, width := range []int{40, 60, 80, 120} {
			for line := range strings.Lines(make(t, settle(wide), reports.TextOptions{Width: width})) {
				line = strings.TrimRight(line, "\n")
				if n := uniseg.StringWidth(line); n > width {
					t.Errorf("%s at width %d has a line of %d columns: %s", write, width, n, line)
				}
			}
		}
	}
}

// A line that is broken before or within a word doesn't begin like a command of a CI server.
func TestTextGivesNoCommands(t *testing.T) {
	result := good()
	message := strings.Repeat("word ::error::word ", 40) + strings.Repeat("x::error::", 40)
	fail(result, "GEO1002", findings.Resource{Kind: "tenant", ID: tenantID}, message, "a", "b")
	settle(result)
	for width := 40; width < 90; width++ {
		for _, made := range []string{text(t, result, reports.TextOptions{Width: width}), summary(t, result, reports.TextOptions{Width: width})} {
			if at := command.FindString(made); at != "" {
				t.Fatalf("at width %d a line begins with %q:\n%s", width, at, made)
			}
		}
	}
}

func TestBreakLinesKeepsCharactersWhole(t *testing.T) {
	tests := []struct {
		in   string
		room int
		want []string
	}{
		{"株式会社", 5, []string{"株式", "会社"}},
		{"e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"🇨🇭🇱🇺", 3, []string{"🇨🇭", "🇱🇺"}},
		{"株", 1, []string{"株"}},
		{"one 株式 three", 8, []string{"one 株式", "three"}},
		{"", 8, []string{""}},
	}
	for _, tt := range tests {
		if got := reports.BreakLines(tt.in, tt.room); !slices.Equal(got, tt.want) {
			t.Errorf("breakLines(%q, %d) = %q, want %q", tt.in, tt.room, got, tt.want)
		}
	}
	if got := reports.Shorten("株式会社 Contoso", 8); got != "株式会…" {
		t.Errorf("shorten() = %q, want 株式会…", got)
	}
}

// A summary is a screen, however much fails.
func TestSummaryFitsAScreen(t *testing.T) {
	for tenant, result := range map[string]*findings.Result{"good": good(), "weak": weak(), "partial": partial(), "empty": empty(), "many": many(10_000)} {
		if lines := strings.Count(summary(t, result, reports.TextOptions{}), "\n"); lines > 40 {
			t.Errorf("the summary of %s has %d lines, want at most 40", tenant, lines)
		}
	}
}

func TestSummarySaysWhatToDo(t *testing.T) {
	unset := good()
	delete(unset.Params, "allowed_geos")
	unasked := good()
	edit(unasked, "XDR1009", func(r *findings.Rule) {
		r.Outcome, r.Reasons = findings.Unknown, []findings.Reason{{Reason: "not_collected", Kind: "sentinel_connectors", Message: "It is not there."}}
	})
	edit(unasked, "XDR1005", func(r *findings.Rule) {
		r.Outcome, r.Reasons = findings.Unknown, []findings.Reason{{Reason: "conflict", Message: "two tables disagree"}}
	})
	edit(unasked, "XDR1001", func(r *findings.Rule) {
		r.Outcome, r.Reasons = findings.Unknown, []findings.Reason{{Reason: "throttled", Kind: "incidents_probe", Message: "Too many requests."}}
	})
	tests := []struct {
		tenant string
		result *findings.Result
		want   []string
	}{
		{"good", good(), []string{"Contoso (3f0c1d7e", "PASS 16", "Defender XDR's data rests at EU (signed); allowed: EU.", "Exit code 0"}},
		{"nothing allowed", unset, []string{"Defender XDR's data rests at EU (signed); allowed: not set."}},
		{"weak", weak(), []string{"Defender XDR's data rests at US (signed); allowed: EU.", "VIOLATED: 1 critical, 2 high, 1 medium, 1 info\n", "CRITICAL  GEO1002  The service's Geo is allowed\n", "(and 1 more)\n", "to mend: Set it right", "NOT JUDGED: 1 high", "1 needs attestation: No interface states this; a dated", "domicile attest new", "Waived: 1 finding", "27 new, 1 unchanged", "Waivers: 1 expired, 1 unused, 1 in force; 1 to end within 30 days."}},
		{"partial", partial(), []string{"5 needs attestation:", "grant SecurityIncident.Read.All", "domicile permissions says how", "and for 1 reason more", "Exit code 4"}},
		{"unasked", settle(unasked), []string{"1 not collected: collect or import sentinel_connectors.", "1 conflict: Two tables disagree.", "1 throttled:", "Scan again later."}},
		{"many", many(100), []string{"; the worst 5:"}},
	}
	for _, tt := range tests {
		got := summary(t, tt.result, reports.TextOptions{})
		joined := strings.Join(strings.Fields(got), " ")
		for _, want := range tt.want {
			if !strings.Contains(got, want) && !strings.Contains(joined, want) {
				t.Errorf("the summary of %s lacks %q:\n%s", tt.tenant, want, got)
			}
		}
	}
}

func TestTextKeepsItsLengthHoweverMuchFails(t *testing.T) {
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
		{"weak", weak(), []string{"CRITICAL  GEO1002", "Defender XDR, data at rest: Defender XDR keeps its data in US, which", "to mend: Set it right", "and 11 more", "WHERE THE DATA RESTS", "Defender XDR, data at rest: US (signed); allowed: EU\n", "The chain is broken at: Role, Consent, Geo, Feeding.", "Waived: 1 finding, none of them critical.", "Since the earlier result: 27 new, 1 unchanged, 1 fixed.", "- new: DC01: A health issue is open. Waiver W-7baafe0958 expired on", "covers 1 finding, until 2026-12-10, ends in 20", "Exit code 3: 15 violations of 3 rules"}},
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
