package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// commentLimit stays below the 65,536 characters that GitHub takes as a comment, with room
// for a line that the caller finds its comment by.
const commentLimit = 60 << 10

// writeComment writes what a reviewer asks of a change, in GitHub's Markdown: how the gate
// ended, which violations are new, and which are fixed. Without an earlier result it shows
// all violations, and says why.
func writeComment(w io.Writer, result *findings.Result) error {
	result = result.Normalised()
	page := &strings.Builder{}
	fmt.Fprintf(page, "## domicile: %s\n\n", markdownText(tenantName(result.Tenant)))
	fmt.Fprintf(page, "**Exit code %d:** %s\n\n", result.Exit.Code, markdownText(sentence(orNone(cleanText(result.Exit.Reason)))))
	for _, says := range append([]string{commentBasis(result), coverage(result.Summary), waivedSays(result), sentence(Pseudonyms(result))}, remediationsSay(result)...) {
		if says != "" {
			fmt.Fprintf(page, "%s\n", markdownText(says))
		}
	}
	heading, listed := "New", newFindings(result)
	if result.Change == nil {
		heading, listed = "Violations", openFindings(result)
	}
	fmt.Fprintf(page, "\n### %s: %s\n", heading, plural(len(listed), "finding"))
	markdownFindings(page, result, listed, commentLimit-page.Len()-2*markdownSmall)
	markdownFixed(page, result, markdownSmall)
	if unjudged := goneFindings(result, findings.Unjudged); len(unjudged) > 0 {
		fmt.Fprintf(page, "\n### Not judged any more: %s\n", plural(len(unjudged), "finding"))
		markdownFindings(page, result, unjudged, markdownSmall)
	}
	if _, err := io.WriteString(w, page.String()); err != nil {
		return fmt.Errorf("writing the comment: %w", err)
	}
	return nil
}

// commentBasis counts what changed, or says that there is nothing to compare with.
func commentBasis(result *findings.Result) string {
	if result.Change == nil {
		return "There was no earlier result to compare with, so that nothing can be said to be new or fixed."
	}
	return changeSays(result.Change)
}
