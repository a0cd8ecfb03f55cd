package reports

import (
	"io"

	"github.com/domicile-audit/domicile/findings"
)

// What the tests of the package's text handling need.
var (
	Clean       = clean
	RelativeURI = relativeURI
	IsLink      = isLink
	PascalName  = pascalName
	Inert       = inert
	Anchor      = anchor
	Stop        = stop
	BreakLines  = breakLines
	Shorten     = shorten
	Natural     = natural

	CSVCell      = csvCell
	XLSXText     = xlsxText
	MarkdownText = markdownText
	OSCALToken   = oscalToken
)

// The writers that have a limit, with a smaller one.
func WriteWorkbook(w io.Writer, result *findings.Result, rows int) error {
	return writeWorkbook(w, result.Normalised(), rows)
}

func WriteGitHub(w io.Writer, result *findings.Result, size int) error {
	log, err := newGitHubLog(result.Normalised(), size)
	if err != nil {
		return err
	}
	return log.write(w)
}
