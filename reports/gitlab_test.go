package reports_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
)

type gitlabIssue struct {
	Description string
	CheckName   string `json:"check_name"`
	Fingerprint string
	Severity    string
	Location    struct {
		Path  string
		Lines struct{ Begin int }
	}
}

// readGitLab reads issues and holds them to what GitLab takes.
func readGitLab(t testing.TB, made []byte) []gitlabIssue {
	t.Helper()
	var issues []gitlabIssue
	decode(t, "gitlab", made, &issues)
	seen := map[string]bool{}
	for _, issue := range issues {
		if seen[issue.Fingerprint] || issue.Fingerprint == "" {
			t.Errorf("the fingerprint %q is none or stands twice", issue.Fingerprint)
		}
		seen[issue.Fingerprint] = true
		path := issue.Location.Path
		if issue.Description == "" || path == "" || strings.HasPrefix(path, "/") || strings.HasPrefix(path, "./") || slices.Contains(strings.Split(path, "/"), "..") || issue.Location.Lines.Begin < 1 {
			t.Errorf("the issue %+v has no description or no place in the repository", issue)
		}
		if !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, issue.Severity) {
			t.Errorf("the issue %+v has an unknown severity", issue)
		}
	}
	return issues
}

func TestGitLabListsOpenFailures(t *testing.T) {
	result := weak()
	var issues []gitlabIssue
	decode(t, "gitlab", render(t, "gitlab", result), &issues)
	if len(issues) != result.Summary.Findings {
		t.Errorf("%d issues, want %d", len(issues), result.Summary.Findings)
	}
	severities := map[findings.Severity]string{"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "info"}
	lines := map[string]int{"GEO1002": 4, "ROLE1002": 5}
	seen := map[string]bool{}
	for _, issue := range issues {
		if seen[issue.Fingerprint] || len(issue.Fingerprint) != 64 {
			t.Errorf("the fingerprint %q of %s is none or stands twice", issue.Fingerprint, issue.CheckName)
		}
		seen[issue.Fingerprint] = true
		if issue.CheckName == "XDR1009" {
			t.Error("a waived finding is an issue")
		}
		at := slices.IndexFunc(result.Findings, func(f findings.Finding) bool { return f.Fingerprint == issue.Fingerprint })
		if at < 0 || severities[result.Findings[at].Severity] != issue.Severity || issue.Description == "" {
			t.Errorf("the issue %+v is not one of the findings", issue)
		}
		if want := lines[issue.CheckName]; issue.Location.Path != "audit/domicile.yaml" || (want != 0 && issue.Location.Lines.Begin != want) {
			t.Errorf("%s is at %+v, want line %d of the configuration", issue.CheckName, issue.Location, want)
		}
	}
	if got := string(render(t, "gitlab", good())); strings.TrimSpace(strings.ReplaceAll(got, "\n", "")) != "[]" {
		t.Errorf("without violations the report is %q, want an empty list", got)
	}
}

// GitLab wants a path of the repository, where SARIF wants a reference.
func TestGitLabNamesPathsAsTheyAre(t *testing.T) {
	result := weak()
	result.Config.URI = "./mandant ü/50%.yaml"
	var issues []gitlabIssue
	decode(t, "gitlab", render(t, "gitlab", result), &issues)
	if got := issues[0].Location.Path; got != "mandant ü/50%.yaml" {
		t.Errorf("the path is %q, want that of the configuration", got)
	}
}
