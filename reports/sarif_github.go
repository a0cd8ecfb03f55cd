package reports

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// GitHub refuses a file of more than 25,000 results a run or 10 MB gzipped, and shows the
// 5,000 most severe results
// (https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
const (
	githubResults = 25_000
	githubShown   = 5_000
	githubBytes   = 9_500_000
)

// writeSARIFGitHub writes SARIF for GitHub's code scanning: the open failures alone, as it
// makes an alert of a pass too and overlooks suppressions, and the most severe of them if
// there are more than it takes.
func writeSARIFGitHub(w io.Writer, result *findings.Result) error {
	log, err := newGitHubLog(result.Normalised(), githubBytes)
	if err == nil {
		err = log.write(w)
	}
	if err != nil {
		return fmt.Errorf("writing the SARIF report for GitHub: %w", err)
	}
	return nil
}

// newGitHubLog builds a log of as many of the failures, the most severe first, as fit into
// so many bytes, gzipped.
func newGitHubLog(result *findings.Result, most int) (*sarifLog, error) {
	open := openFindings(result)
	n := len(open)
	if n+unlisted(result, open) > githubResults {
		// Every rule may then need a result of its own, to say that it is violated.
		n = githubResults - len(result.Rules)
	}
	for {
		chosen := *result
		chosen.Findings = open[:n:n]
		log := newSARIFLog(chosen.Normalised(), sarifProfile{findingsOnly: true, notes: githubNotes(open, n)})
		size, err := gzipped(log)
		if err != nil || size <= most || n == 0 {
			return log, err
		}
		// Nine tenths of what would fit, as the head of the file stays as it is.
		n = min(n-1, n*most/size*9/10)
	}
}

// unlisted counts the rules that are violated and of which no finding is listed.
func unlisted(result *findings.Result, open []findings.Finding) int {
	listed := map[string]bool{}
	for _, finding := range open {
		listed[finding.Rule] = true
	}
	n := 0
	for _, rule := range result.Rules {
		if rule.Outcome == findings.Fail && !listed[rule.ID] {
			n++
		}
	}
	return n
}

// githubNotes say what the first n of the failures leave out, and what GitHub won't show.
func githubNotes(open []findings.Finding, n int) []string {
	var notes []string
	if n < len(open) {
		left := map[findings.Severity]int{}
		for _, finding := range open[n:] {
			left[finding.Severity]++
		}
		var parts []string
		for _, severity := range findings.Severities() {
			if left[severity] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", left[severity], severity))
			}
		}
		notes = append(notes, fmt.Sprintf("%d of %d violations are left out, the least severe, as code scanning takes no larger file: %s.", len(open)-n, len(open), strings.Join(parts, ", ")))
	}
	if n > githubShown {
		notes = append(notes, fmt.Sprintf("Code scanning shows the %d most severe of the results in this file.", githubShown))
	}
	return notes
}

// gzipped is how many bytes a log takes once it is compressed, as an upload is.
func gzipped(log *sarifLog) (int, error) {
	var size counter
	packed := gzip.NewWriter(&size)
	if err := log.write(packed); err != nil {
		return 0, err
	}
	err := packed.Close()
	return int(size), err
}

// counter counts the bytes that are written to it.
type counter int

func (c *counter) Write(data []byte) (int, error) {
	*c += counter(len(data))
	return len(data), nil
}
