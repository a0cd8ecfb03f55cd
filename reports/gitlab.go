package reports

import (
	"fmt"
	"io"
	"net/url"

	"github.com/domicile-audit/domicile/findings"
)

// gitlabIssue is an entry of a GitLab Code Quality report
// (https://docs.gitlab.com/ci/testing/code_quality/).
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// writeGitLab writes the open failures as a GitLab Code Quality report, one a line: each
// stands at the line of the customer's configuration that it violates.
func writeGitLab(w io.Writer, result *findings.Result) error {
	result = result.Normalised()
	grouped := byRule(result.Findings)
	out := newJSONStream(w)
	out.raw("[")
	separator := "\n"
	for _, rule := range result.Rules {
		uri, line := configPlace(result.Config, rule)
		file, err := url.PathUnescape(uri)
		if err != nil {
			return fmt.Errorf("writing the GitLab report: %w", err)
		}
		for _, finding := range grouped[rule.ID] {
			if finding.Outcome != findings.Fail {
				continue
			}
			out.raw(separator)
			out.value(gitlabIssue{
				Description: fmt.Sprintf("%s: %s", prose(rule.Title), about(finding)),
				CheckName:   cleanName(rule.ID),
				Fingerprint: cleanName(finding.Fingerprint),
				Severity:    gitlabSeverity(finding.Severity),
				Location:    gitlabLocation{Path: cleanText(file), Lines: gitlabLines{Begin: line}},
			})
			separator = ",\n"
		}
	}
	out.raw("\n]\n")
	if err := out.end(); err != nil {
		return fmt.Errorf("writing the GitLab report: %w", err)
	}
	return nil
}

// gitlabSeverity is a severity in GitLab's words.
func gitlabSeverity(severity findings.Severity) string {
	switch severity {
	case findings.Critical:
		return "blocker"
	case findings.High:
		return "critical"
	case findings.Medium:
		return "major"
	case findings.Low:
		return "minor"
	case findings.Info:
	}
	return "info"
}
