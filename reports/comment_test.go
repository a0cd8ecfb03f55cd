package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
)

func TestCommentTellsNewFromFixed(t *testing.T) {
	page := string(render(t, "comment", weak()))
	for _, want := range []string{
		"**Exit code 3:**", "Since the earlier result: 27 new, 1 unchanged, 1 fixed.", "### New: 27 findings", "| critical, new | GEO1002 ",
		"### Fixed: 1 finding\n\n| severity | rule | resource | what was found |\n| --- | --- | --- | --- |\n| medium | LIC1003 ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the comment lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "ROLE1002") {
		t.Errorf("the comment shows a violation that is not new:\n%s", page)
	}
}

func TestCommentWithoutAnEarlierResult(t *testing.T) {
	result := weak()
	result.Change = nil
	for i := range result.Findings {
		result.Findings[i].Change = ""
	}
	page := string(render(t, "comment", result))
	for _, want := range []string{"no earlier result to compare with", "### Violations: 28 findings", "ROLE1002"} {
		if !strings.Contains(page, want) {
			t.Errorf("the comment lacks %q:\n%s", want, page)
		}
	}
}

// However long and hostile the texts are, the comment is one that GitHub takes, and shows
// some of everything.
func TestCommentKeepsItsLimit(t *testing.T) {
	worst := strings.Repeat("\U000E0041", 12_000)
	before, result := good(), good()
	for i := range 200 {
		resource := findings.Resource{Kind: "user", ID: fmt.Sprint(i), Name: worst}
		fail(result, "GEO1002", resource, worst, worst, worst)
		fail(before, "XDR1001", resource, worst, worst, worst)
		fail(before, "XDR1005", resource, worst, worst, worst)
	}
	edit(result, "XDR1005", func(r *findings.Rule) { r.Outcome = findings.Unknown })
	if err := result.Compare(before, digest("earlier")); err != nil {
		t.Fatal(err)
	}
	settle(result).Tenant.Name, result.Exit.Reason = worst, worst
	page := string(render(t, "comment", result))
	if len(page) > 65_000 {
		t.Errorf("the comment has %d bytes, and GitHub takes 65,536", len(page))
	}
	checkMarkdown(t, page)
	for _, want := range []string{"### New: 200", "| critical, new | GEO1002", "### Fixed: 200", "| critical | XDR1001", "### Not judged any more: 200", "| high | XDR1005"} {
		if !strings.Contains(page, want) {
			t.Errorf("the comment lacks %q", want)
		}
	}
}
