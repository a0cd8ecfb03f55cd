package reports_test

import (
	"encoding/xml"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
)

type junitFile struct {
	Suites []struct {
		Name       string `xml:"name,attr"`
		Tests      int    `xml:"tests,attr"`
		Failures   int    `xml:"failures,attr"`
		Errors     int    `xml:"errors,attr"`
		Skipped    int    `xml:"skipped,attr"`
		Properties []struct {
			Name string `xml:"name,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Class   string      `xml:"classname,attr"`
			Name    string      `xml:"name,attr"`
			Failure []junitSaid `xml:"failure"`
			Error   []junitSaid `xml:"error"`
			Skipped []junitSaid `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type junitSaid struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// readJUnit reads a JUnit report and holds its counts to its cases.
func readJUnit(t testing.TB, made []byte) map[string]string {
	t.Helper()
	var file junitFile
	if err := xml.Unmarshal(made, &file); err != nil {
		t.Fatalf("the JUnit report is not XML: %v", err)
	}
	outcomes := map[string]string{}
	for _, suite := range file.Suites {
		failures, errors, skipped := 0, 0, 0
		for _, c := range suite.Cases {
			id, _, _ := strings.Cut(c.Name, ":")
			for what, all := range map[string][]junitSaid{"failure": c.Failure, "error": c.Error, "skipped": c.Skipped} {
				for _, said := range all {
					outcomes[id] += what + " " + said.Type
					if !strings.HasPrefix(said.Text, said.Message) || said.Message == "" {
						t.Errorf("the text of %s, %q, doesn't repeat its message %q", c.Name, said.Text, said.Message)
					}
				}
			}
			failures, errors, skipped = failures+len(c.Failure), errors+len(c.Error), skipped+len(c.Skipped)
			outcomes[id] += ""
		}
		if len(suite.Cases) != suite.Tests || failures != suite.Failures || errors != suite.Errors || skipped != suite.Skipped {
			t.Errorf("suite %s counts %d tests, %d failures, %d errors and %d skipped; it has %d, %d, %d and %d",
				suite.Name, suite.Tests, suite.Failures, suite.Errors, suite.Skipped, len(suite.Cases), failures, errors, skipped)
		}
	}
	return outcomes
}

func TestJUnitOutcomes(t *testing.T) {
	result := partial()
	fail(result, "LIC1001", findings.Resource{Kind: "tenant", ID: tenantID}, "No plan.", "a plan", "none")
	edit(result, "ROLE1014", func(r *findings.Rule) { r.Outcome = findings.Waived })
	got := readJUnit(t, render(t, "junit", settle(result)))
	for id, want := range map[string]string{
		"LIC1001": "failure high", "ROLE1014": "skipped waived", "GEO1009": "", "GEO1018": "skipped not_applicable", "XDR1001": "error no_permission",
	} {
		if said, there := got[id]; !there || said != want {
			t.Errorf("the case of %s says %q, want %q", id, said, want)
		}
	}
	if len(got) != len(specs()) {
		t.Errorf("%d cases, want one for each of %d rules", len(got), len(specs()))
	}
}

func TestJUnitListsFindingsUpToALimit(t *testing.T) {
	made := string(render(t, "junit", crowded()))
	if !strings.Contains(made, "And 180 more, all in result.json.") {
		t.Error("the case of CONS1010 doesn't say how many of its 230 findings it leaves out")
	}
	if n := strings.Count(made, "nobody approved it. Expected"); n != 51 {
		t.Errorf("CONS1010 lists %d findings, want 50 and one in the message", n)
	}
}

// Servers know a case again by its names, so these are those of the last scan.
func TestJUnitNamesAreStable(t *testing.T) {
	names := regexp.MustCompile(`classname="[^"]*" name="[^"]*"`)
	before, after := names.FindAllString(string(render(t, "junit", good())), -1), names.FindAllString(string(render(t, "junit", weak())), -1)
	if diff := cmp.Diff(before, after); diff != "" || len(before) != len(specs()) {
		t.Errorf("the names of %d cases differ (-good +weak):\n%s", len(before), diff)
	}
}
