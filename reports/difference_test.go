package reports_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/reports"
)

func difference(t testing.TB, before, after *findings.Result, crosswise findings.Crosswise) *findings.Difference {
	t.Helper()
	after.Tenant = before.Tenant
	d, err := findings.Differ(before, after, digest("before"), digest("after"), crosswise)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// later is what a day makes of a weak tenant, under other rules and without waivers.
func later() *findings.Result {
	result := weak()
	result.Started, result.Finished = result.Started.Add(24*time.Hour), result.Finished.Add(24*time.Hour)
	result.Digests.Evidence, result.Digests.Policies = digest("later evidence"), digest("later rules")
	findings.Waive(result, nil, result.Started)
	result.Findings = slices.DeleteFunc(result.Findings, func(f findings.Finding) bool { return f.Rule == "ROLE1014" })
	edit(result, "ROLE1014", func(rule *findings.Rule) { rule.Outcome = findings.Pass })
	edit(result, "GEO1002", func(rule *findings.Rule) { rule.Outcome = findings.Unknown })
	result.Findings = slices.DeleteFunc(result.Findings, func(f findings.Finding) bool { return f.Rule == "GEO1002" })
	fail(result, "XDR1001", findings.Resource{Kind: "service", ID: "xdr"}, "The service is off", "on", "off")
	for i := range result.Findings {
		if result.Findings[i].Rule == "ROLE1002" {
			result.Findings[i].Actual, result.Findings[i].Message = "9", "There are nine."
		}
	}
	return settle(result)
}

func TestDifferenceReports(t *testing.T) {
	for name, d := range map[string]*findings.Difference{
		"difference": difference(t, weak(), later(), findings.Crosswise{}),
		"crosswise":  difference(t, weak(), later(), findings.Crosswise{Forward: weak(), Backward: later()}),
		"same":       difference(t, weak(), weak(), findings.Crosswise{}),
	} {
		if name == "difference" {
			d.Notes = append(d.Notes, "The earlier evidence was not judged by the later rules: that evidence is not at hand.")
		}
		var text, markdown, encoded bytes.Buffer
		if err := reports.DifferenceText(&text, d, reports.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := reports.DifferenceMarkdown(&markdown, d); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(&encoded); err != nil || !json.Valid(encoded.Bytes()) || bytes.Contains(encoded.Bytes(), []byte("null")) {
			t.Errorf("the JSON of %s is %v, and has null: %v", name, err, bytes.Contains(encoded.Bytes(), []byte("null")))
		}
		golden.Check(t, "testdata/difference/"+name+".txt", text.Bytes())
		golden.Check(t, "testdata/difference/"+name+".md", markdown.Bytes())
	}
}

// TestDifferenceTakesHostileText: what a tenant names things doesn't reach the terminal or
// the page as it is, and isn't cut from the JSON.
func TestDifferenceTakesHostileText(t *testing.T) {
	control := regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
	for _, s := range append(hostile(), "\x00", "::error::x") {
		before, after := good(), good()
		resource := findings.Resource{Kind: s, ID: s, Name: s}
		fail(before, "GEO1009", resource, s, s, s)
		fail(after, "GEO1009", resource, s, s, s+"2")
		fail(after, "GEO1009", findings.Resource{Kind: s, ID: s + "2", Name: s}, s, s, s)
		before.Tool.Version, before.Profile, after.Rules[0].Title = s, s, s
		d := difference(t, settle(before), settle(after), findings.Crosswise{})
		d.Notes = []string{s}
		var text, markdown bytes.Buffer
		if err := reports.DifferenceText(&text, d, reports.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := reports.DifferenceMarkdown(&markdown, d); err != nil {
			t.Fatal(err)
		}
		for _, page := range []string{text.String(), markdown.String()} {
			if found := control.FindString(page); found != "" {
				t.Errorf("%q leaves the character %q in:\n%s", s, found, page)
			}
			for line := range strings.Lines(page) {
				if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##vso[") {
					t.Errorf("%q leaves a command of a CI server: %s", s, line)
				}
			}
		}
		if strings.Contains(markdown.String(), "<script") || strings.Contains(markdown.String(), "<img") {
			t.Errorf("%q is HTML in:\n%s", s, markdown.String())
		}
	}
}
