package reports_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/reports"
)

func printable(t testing.TB, result *findings.Result) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := reports.WritePrintable(&out, result); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPrintable(t *testing.T) {
	for tenant, result := range fixtures() {
		golden.Check(t, filepath.Join("testdata", tenant, "print.html"), printable(t, result))
	}
	if err := reports.WritePrintable(&failingWriter{room: 100}, weak()); !errors.Is(err, errFull) {
		t.Errorf("writing to a full disk = %v, want %v", err, errFull)
	}
}

// A page to print has no script, and a policy that would let none run.
func TestPrintableTakesHostileText(t *testing.T) {
	for _, s := range hostile() {
		page := printable(t, seeded(s))
		checkTags(t, page, 0)
		checkShown(t, "html", page)
		if !bytes.Contains(page, []byte("default-src &#39;none&#39;")) || bytes.Contains(page, []byte("script-src")) {
			t.Error("the policy of the page allows scripts")
		}
	}
}

// However much there is, what is printed stays near 400 findings, and says so.
func TestPrintableIsBounded(t *testing.T) {
	for _, n := range []int{500, 10_000, 25_000} {
		page := string(printable(t, many(n)))
		rows := strings.Count(page, "<bdi>The user&#39;s data may leave the Geo.</bdi>")
		if rows < 300 || rows > 400 {
			t.Errorf("%d findings are printed as %d, want at most 400 and not many fewer", n, rows)
		}
		if !strings.Contains(page, "findings; the other") || !strings.Contains(page, "left out here, of the rules that have the most; result.json has them all.") {
			t.Errorf("the print of %d findings doesn't say that it leaves some out", n)
		}
	}
	if page := string(printable(t, crowded())); !strings.Contains(page, "The first 200 of 230 findings; the other 30 are in result.json") {
		t.Error("the page doesn't say how many findings of CONS1010 it leaves out")
	}
}

// Rules that are not violated have their verdict and why, but not how to mend them.
func TestPrintableDetailsViolationsAlone(t *testing.T) {
	result := weak()
	page := string(printable(t, result))
	for _, rule := range result.Rules {
		detailed := strings.Contains(page, `id="violation-`+rule.ID+`"`)
		if detailed != (rule.Outcome == findings.Fail) {
			t.Errorf("%s is %s and in detail: %v", rule.ID, rule.Outcome, detailed)
		}
		if !strings.Contains(page, `<tr id="`+rule.ID+`">`) {
			t.Errorf("%s is not among all rules", rule.ID)
		}
	}
	if !strings.Contains(page, "No interface states Defender for Identity&#39;s Geo.") {
		t.Error("the page doesn't say why GEO1004 is unknown")
	}
}
