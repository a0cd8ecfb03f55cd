// Package reports renders a findings.Result: for people as text, as an HTML page, as
// tables and as a summary of a CI job, and for programs as result.json and in the formats
// of code scanning, CI servers, SIEM systems and compliance tools.
//
// A Result goes in and bytes come out. The package judges nothing; it reads no clock, no
// environment and no rule, so that equal results give equal reports. Whatever comes from
// the tenant is hostile until clean has made it visible text.
//
// A new format is one file and one line of Formats.
package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// Format is one way to write a Result.
type Format struct {
	// Name is what --format takes.
	Name string
	// Doc says in one line what the format is for.
	Doc string
	// File is the name of the file in the folder that a scan writes.
	File string
	// Write renders the Result, which it leaves as it is.
	Write func(io.Writer, *findings.Result) error
}

// Formats lists every format in the order in which help shows them.
func Formats() []Format {
	return []Format{
		{Name: "text", Doc: "every verdict to read in a terminal", File: "report.txt", Write: writeText},
		{Name: "json", Doc: "everything that was found, from which any other report can be made", File: "result.json", Write: writeJSON},
		{Name: "sarif", Doc: "SARIF 2.1.0 with every rule and outcome, for archives and viewers", File: "report.sarif", Write: writeSARIF},
		{Name: "sarif-github", Doc: "SARIF 2.1.0 with the open failures alone, within the limits of GitHub's code scanning", File: "report.github.sarif", Write: writeSARIFGitHub},
		{Name: "html", Doc: "one self-contained page for auditors, to read, search and print", File: "report.html", Write: writeHTML},
		{Name: "csv", Doc: "one table of rules and findings, for spreadsheets", File: "report.csv", Write: writeCSV},
		{Name: "xlsx", Doc: "an Excel workbook: summary, findings, rules, waivers, gaps and evidence", File: "report.xlsx", Write: writeXLSX},
		{Name: "junit", Doc: "JUnit XML with a test case for each rule, for CI servers", File: "report.junit.xml", Write: writeJUnit},
		{Name: "markdown", Doc: "a short summary for the page of a CI job", File: "report.md", Write: writeMarkdown},
		{Name: "comment", Doc: "what is new and what is fixed, for a comment on a pull request", File: "report.comment.md", Write: writeComment},
		{Name: "gitlab", Doc: "GitLab Code Quality with the open failures", File: "report.gitlab.json", Write: writeGitLab},
		{Name: "oscal", Doc: "OSCAL 1.1.3 assessment results by control, for compliance tools", File: "report.oscal.json", Write: writeOSCAL},
		{Name: "ocsf", Doc: "OCSF 1.5.0 compliance findings, one event a line, for SIEM systems", File: "report.ocsf.ndjson", Write: writeOCSF},
	}
}

// FormatByName returns the format of a name, or an error that lists those that there are.
func FormatByName(formats []Format, name string) (Format, error) {
	var known []string
	for _, format := range formats {
		if format.Name == name {
			return format, nil
		}
		known = append(known, format.Name)
	}
	return Format{}, fmt.Errorf("report format %q is not known; use one of %s", name, strings.Join(known, ", "))
}

func writeText(w io.Writer, result *findings.Result) error {
	return Text(w, result, TextOptions{})
}

func writeJSON(w io.Writer, result *findings.Result) error { return result.Write(w) }
