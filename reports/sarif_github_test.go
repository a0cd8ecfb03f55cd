package reports_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

// Code scanning makes an alert of whatever is in the file, so only what is open is.
func TestGitHubSARIFHasOpenFailuresAlone(t *testing.T) {
	for tenant, result := range fixtures() {
		run := decodeSARIF(t, render(t, "sarif-github", result)).Runs[0]
		if len(run.Results) != result.Summary.Findings {
			t.Errorf("%s has %d results, want the %d open failures", tenant, len(run.Results), result.Summary.Findings)
		}
		if len(run.Tool.Driver.Rules) != len(result.Rules) {
			t.Errorf("%s has %d rules, want %d", tenant, len(run.Tool.Driver.Rules), len(result.Rules))
		}
		seen := map[string]bool{}
		for _, got := range run.Results {
			if got.Kind != "fail" || got.Level == "none" || len(got.Suppressions) > 0 {
				t.Errorf("%s: a result of %s is no open failure: %+v", tenant, got.RuleID, got)
			}
			place := got.Locations[0].PhysicalLocation
			if uri := place.ArtifactLocation.URI; uri == "" || strings.HasPrefix(uri, "/") || strings.Contains(uri, ":") || place.Region.StartLine < 1 {
				t.Errorf("%s: a result of %s is at %+v, want a line of a relative path", tenant, got.RuleID, place)
			}
			hash := got.RuleID + got.PartialFingerprints["primaryLocationLineHash"]
			if seen[hash] {
				t.Errorf("%s: two results have the identity %s", tenant, hash)
			}
			seen[hash] = true
		}
	}
}

// A rule that is violated by nothing that is listed is still said to be.
func TestGitHubSARIFNamesViolatedRules(t *testing.T) {
	result := good()
	edit(result, "XDR1001", func(r *findings.Rule) { r.Outcome = findings.Fail })
	run := decodeSARIF(t, render(t, "sarif-github", settle(result))).Runs[0]
	if len(run.Results) != 1 || run.Results[0].RuleID != "XDR1001" || run.Results[0].Level != "error" {
		t.Errorf("the results are %+v, want one of XDR1001", run.Results)
	}
}

func TestGitHubSARIFTakesWhatGitHubTakes(t *testing.T) {
	result := many(30_000)
	made := render(t, "sarif-github", result)
	run := decodeSARIF(t, made).Runs[0]
	if n := len(run.Results); n > 25_000 || n < 24_900 {
		t.Errorf("%d results, want at most 25,000 and not many less", n)
	}
	if n := packed(t, made); n > 9_500_000 {
		t.Errorf("the file has %d bytes once it is compressed", n)
	}
	levels, listed := map[string]int{}, 0
	for _, got := range run.Results {
		levels[got.Level]++
		if _, ofRule := got.Properties["checked"]; !ofRule {
			listed++
		}
	}
	open := map[string]int{}
	for _, finding := range result.Findings {
		if finding.Outcome == findings.Fail && finding.Severity.Rank() <= findings.High.Rank() {
			open["error"]++
		}
	}
	if levels["error"] != open["error"] {
		t.Errorf("%d of the %d severe failures are in the file", levels["error"], open["error"])
	}
	var told []string
	for _, notification := range run.Invocations[0].ToolExecutionNotifications {
		if run.Tool.Driver.Notifications[notification.Descriptor.Index].ID == notification.Descriptor.ID {
			told = append(told, notification.Message.Text)
		}
	}
	said := strings.Join(told, "\n")
	left := result.Summary.Findings - listed
	if !strings.Contains(said, fmt.Sprintf("%d of %d violations are left out, the least severe", left, result.Summary.Findings)) || !strings.Contains(said, "shows the 5000 most severe") {
		t.Errorf("the notifications don't say what is left out: %s", said)
	}
}

// As many as GitHub takes are all there.
func TestGitHubSARIFLeavesNothingOutThatFits(t *testing.T) {
	run := decodeSARIF(t, render(t, "sarif-github", many(25_000-weak().Summary.Findings))).Runs[0]
	if len(run.Results) != 25_000 {
		t.Errorf("%d of 25,000 failures are in the file", len(run.Results))
	}
	for _, told := range run.Invocations[0].ToolExecutionNotifications {
		if strings.Contains(told.Message.Text, "left out") {
			t.Errorf("the file says that %s", told.Message.Text)
		}
	}
}

// What cannot be compressed is cut to size.
func TestGitHubSARIFKeepsToASize(t *testing.T) {
	result := good()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		noise := make([]byte, 800)
		for at := range noise {
			noise[at] = byte('!' + random.IntN(90))
		}
		id := "XDR1009"
		if i == 399 {
			id = "XDR1001"
		}
		fail(result, id, findings.Resource{Kind: "user", ID: fmt.Sprint(i)}, string(noise), "", "")
	}
	const size = 100_000
	var out bytes.Buffer
	if err := reports.WriteGitHub(&out, settle(result), size); err != nil {
		t.Fatal(err)
	}
	run := decodeSARIF(t, out.Bytes()).Runs[0]
	if n := packed(t, out.Bytes()); n > size || n < size/2 {
		t.Errorf("the file has %d bytes once it is compressed, want nearly %d", n, size)
	}
	critical := 0
	for _, got := range run.Results {
		if got.RuleID == "XDR1001" {
			critical++
		}
	}
	if critical != 1 || len(run.Results) < 50 {
		t.Errorf("%d results with %d critical ones are left, want the one of 400 first", len(run.Results), critical)
	}
}

func packed(t *testing.T, data []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}
