package reports_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

var (
	markdownTag  = regexp.MustCompile(`</?span>`)
	markdownLive = regexp.MustCompile(`(?i)[^>]@|[^>]#[0-9]|https?://|www\.|[^\\][` + "`" + `~$]|[^\\]\]\(`)
)

// checkMarkdown fails the test if a summary has a tag, or what GitHub makes a link, a
// mention or a reference of, or a row that isn't one.
func checkMarkdown(t testing.TB, page string) {
	t.Helper()
	bare := markdownTag.ReplaceAllString(page, "")
	if strings.ContainsAny(bare, "<>") {
		t.Errorf("the summary has a tag:\n%s", page)
	}
	if found := markdownLive.FindString(regexp.MustCompile(`<span>[@#$]</span>`).ReplaceAllString(page, "")); found != "" {
		t.Errorf("the summary has the live text %q:\n%s", found, page)
	}
	cells := 0
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Errorf("a row of %d cells stands in a table of %d: %s", n-1, cells-1, line)
		}
	}
}

func TestMarkdownText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain text.", "plain text."},
		{"a | b", `a \| b`},
		{"`x` *y* _z_ ~w~", "\\`x\\` \\*y\\* \\_z\\_ \\~w\\~"},
		{"<b>&lt;", "&lt;b&gt;&amp;lt;"},
		{"@all", "<span>@</span>all"},
		{"adele@contoso.example", "adele<span>@</span>contoso.example"},
		{"#1 and $x$", "<span>#</span>1 and <span>$</span>x<span>$</span>"},
		{"see https://evil.example or WWW.evil.example", "see https:<span>//</span>evil.example or <span>WWW</span>.evil.example"},
		{"[x](javascript:y)", `\[x\](javascript:y)`},
	}
	for _, tt := range tests {
		if got := reports.MarkdownText(tt.in); got != tt.want {
			t.Errorf("markdownText(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestMarkdownShowsTheWorst(t *testing.T) {
	result := many(10_000)
	page := string(render(t, "markdown", result))
	if !strings.Contains(page, fmt.Sprintf("The first 50 of %d are shown; result.json holds all.", result.Summary.Findings)) {
		t.Error("the summary doesn't say how much it leaves out")
	}
	if n := strings.Count(page, "\n| critical"); n != 50 {
		t.Errorf("%d of the 50 rows are of critical findings, want all", n)
	}
}

// However long and hostile the texts are, the summary is one that GitHub takes.
func TestMarkdownKeepsItsLimit(t *testing.T) {
	result := good()
	worst := strings.Repeat("\U000E0041", 12_000)
	for i := range result.Rules {
		r := &result.Rules[i]
		r.Title = strings.Repeat("|", 4000)
		r.Outcome = findings.Unknown
		for range 40 {
			r.Reasons = append(r.Reasons, findings.Reason{Reason: "invalid", Message: worst})
		}
	}
	for i := range 200 {
		fail(result, "XDR1001", findings.Resource{Kind: "user", ID: fmt.Sprint(i), Name: worst}, worst, worst, worst)
		fail(result, "GEO1002", findings.Resource{Kind: "user", ID: fmt.Sprint(i), Name: worst}, worst, worst, worst)
		result.Findings[len(result.Findings)-1].Outcome = findings.Waived
		result.Findings[len(result.Findings)-1].Waiver = fmt.Sprintf("%d%s", i, worst)
	}
	page := render(t, "markdown", settle(result))
	if len(page) > 900<<10 {
		t.Errorf("the summary has %d bytes, more than 900 KiB", len(page))
	}
	for _, want := range []string{"### Violations: 200 findings", "### Not judged: 15 rules", "### Waived", "**Exit code 3:**"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the summary lacks %q", want)
		}
	}
}
