package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
)

func another() findings.Waiver {
	return findings.Waiver{
		Rule: "ROLE1002", Resource: findings.Selector{Kind: "tenant", ID: "3f0c1d7e-0000-4000-8000-00000000000a"},
		Reason: "Two \"more\" for the move: {until March}\n# and no longer", Owner: "ada@contoso.com", Approver: "yes", Ticket: "0815",
		Approved: "2026-11-21", From: "2026-12-01", Expires: "2027-03-31",
	}
}

// TestAppendWaiver: what stands in the file stays as it is, line by line, in whatever
// layout, and what is read back is what was added.
func TestAppendWaiver(t *testing.T) {
	item := strings.SplitAfter(oneWaiver, "waivers:\n")[1]
	unindented := "version: 1\nwaivers:\n" + strings.ReplaceAll(strings.TrimPrefix(item, "  "), "\n  ", "\n")
	tests := map[string]string{
		"nothing":                      "",
		"an empty list":                "version: 1\nwaivers: []   # none yet\n",
		"an empty list before version": "waivers: []\nversion: 1\n",
		"a list":                       oneWaiver,
		"a list without indentation":   unindented,
		"a list before version":        "waivers:\n" + item + "# the format\nversion: 1\n",
		"no end of line":               strings.TrimSuffix(oneWaiver, "\n"),
		"a comment at the end":         oneWaiver + "\n# the end\n",
		"lines of Windows":             strings.ReplaceAll(oneWaiver, "\n", "\r\n"),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := config.AppendWaiver([]byte(text), "w.yaml", another(), 365)
			if err != nil {
				t.Fatal(err)
			}
			waivers, err := config.ParseWaivers(got, "w.yaml", 365)
			if err != nil || len(waivers) == 0 || !slices.Contains(waivers, another().Identify()) {
				t.Errorf("read back: %v, %v in\n%s", waivers, err, got)
			}
			rest := string(got)
			for line := range strings.Lines(strings.ReplaceAll(text, " []", "")) {
				at := strings.Index(rest, strings.TrimRight(line, "\r\n"))
				if at < 0 {
					t.Fatalf("the line %q is gone, or out of order:\n%s", line, got)
				}
				rest = rest[at:]
			}
			if twice, err := config.AppendWaiver(got, "w.yaml", another(), 365); err == nil || !strings.Contains(err.Error(), "same rule, resource") {
				t.Errorf("added twice: %v\n%s", err, twice)
			}
		})
	}
}

func TestAppendWaiverRefuses(t *testing.T) {
	long := another()
	long.Expires = "2029-01-01"
	flow := "version: 1\nwaivers: [{rule: A, resource: {kind: k, id: i}, reason: r, owner: o, approver: p, ticket: t, approved: 2026-01-01, expires: 2026-02-01}]\n"
	for _, tt := range []struct {
		text   string
		waiver findings.Waiver
		says   string
	}{
		{oneWaiver, long, "longer than the 365 days"},
		{oneWaiver + "colour: red\n", another(), "unknown member"},
		{flow, another(), "add this by hand:\n- rule: ROLE1002\n"},
		{oneWaiver + "...\n", another(), "add this by hand"},
	} {
		if got, err := config.AppendWaiver([]byte(tt.text), "w.yaml", tt.waiver, 365); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("AppendWaiver() = %v, want an error that says %q\n%s", err, tt.says, got)
		}
	}
}

// FuzzAppendWaiver: a waiver that is added to a file is there, after those that were.
func FuzzAppendWaiver(f *testing.F) {
	f.Add(oneWaiver, "She moves.\n")
	f.Add("", "a: b # c")
	f.Add("version: 1\nwaivers: []", "\"")
	f.Fuzz(func(t *testing.T, text, reason string) {
		waiver := findings.Waiver{
			Rule: "GEO1009", Resource: findings.Selector{Kind: "user", ID: reason}, Reason: reason, Owner: "a", Approver: "b", Ticket: "T", Approved: "2026-11-01", Expires: "2027-03-31",
		}
		written, err := config.AppendWaiver([]byte(text), "w.yaml", waiver, 365)
		if err != nil {
			return
		}
		before := 0
		if strings.TrimSpace(text) != "" {
			earlier, err := config.ParseWaivers([]byte(text), "w.yaml", 365)
			if err != nil {
				t.Fatalf("a waiver was added to what can't be read: %v", err)
			}
			before = len(earlier)
		}
		after, err := config.ParseWaivers(written, "w.yaml", 365)
		if err != nil || len(after) != before+1 {
			t.Fatalf("%q holds %d waivers, %v, want %d", written, len(after), err, before+1)
		}
		if added := after[before]; added.Reason != waiver.Reason || added.Resource != waiver.Resource {
			t.Errorf("%+v was added as %+v", waiver, added)
		}
	})
}
