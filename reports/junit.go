package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// junitFindings is the most findings that a failed test case lists.
const junitFindings = 50

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// junitCase is a rule. Servers know it again by suite, class and name, so these hold
// neither counts nor times.
type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitVerdict `xml:"failure"`
	Error   *junitVerdict `xml:"error"`
	Skipped *junitVerdict `xml:"skipped"`
}

// junitVerdict says what a rule said. GitLab shows the text alone, so it repeats the
// message.
type junitVerdict struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes the Result as JUnit XML: a suite for each topic and a test case for
// each rule. A violated rule is a failure, one that could not be judged an error, and one
// that does not apply or is waived is skipped.
func writeJUnit(w io.Writer, result *findings.Result) error {
	result = result.Normalised()
	encoded, err := xml.MarshalIndent(junitReport(result), "", " ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, encoded)
	}
	if err != nil {
		return fmt.Errorf("writing the JUnit report: %w", err)
	}
	return nil
}

func junitReport(result *findings.Result) junitSuites {
	report := junitSuites{Name: "domicile " + cleanName(result.Tenant.ID)}
	grouped := byRule(result.Findings)
	for _, topic := range topicsOf(result) {
		suite := junitSuite{Name: "domicile." + cleanName(topic.Key), Properties: junitProperties(result)}
		if !result.Started.IsZero() {
			suite.Timestamp = result.Started.Format("2006-01-02T15:04:05")
		}
		for _, rule := range result.Rules {
			if rule.Topic == topic.Key {
				suite.add(junitRule(result, rule, grouped[rule.ID]))
			}
		}
		if suite.Tests > 0 {
			report.Tests += suite.Tests
			report.Failures += suite.Failures
			report.Errors += suite.Errors
			report.Suites = append(report.Suites, suite)
		}
	}
	return report
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func junitProperties(result *findings.Result) []junitProperty {
	properties := []junitProperty{
		{"tenant", cleanName(result.Tenant.Name)},
		{"tenant_id", cleanName(result.Tenant.ID)},
		{"cloud", cleanName(result.Tenant.Cloud)},
		{"profile", cleanName(result.Profile)},
		{"tool", strings.TrimSpace(cleanName(result.Tool.Name) + " " + cleanName(result.Tool.Version))},
		{"evidence_sha256", cleanName(result.Digests.Evidence)},
		{"policies_sha256", cleanName(result.Digests.Policies)},
		{"chosen", chosen(result)},
		{"coverage", coverage(result.Summary)},
	}
	if says := Pseudonyms(result); says != "" {
		properties = append(properties, junitProperty{"pseudonyms", says})
	}
	return properties
}

func junitRule(result *findings.Result, rule findings.Rule, found []findings.Finding) junitCase {
	out := junitCase{
		Class: fmt.Sprintf("domicile.%s.%s", cleanName(result.Tenant.ID), cleanName(rule.Topic)),
		Name:  strings.TrimSuffix(cleanName(rule.ID)+": "+prose(rule.Title), ": "),
	}
	switch rule.Outcome {
	case findings.Pass:
	case findings.Fail:
		said := junitFailure(result, rule, found)
		first, _, _ := strings.Cut(said, "\n")
		out.Failure = &junitVerdict{Message: first, Type: cleanName(string(rule.Severity)), Text: said}
	case findings.Unknown:
		said := orNone(reasonsText(rule))
		out.Error = &junitVerdict{Message: said, Type: junitReason(rule), Text: strings.Join(append([]string{said}, waiversFor(result, rule, nil)...), "\n")}
	case findings.NotApplicable:
		said := orNone(reasonsText(rule))
		out.Skipped = &junitVerdict{Message: said, Type: "not_applicable", Text: said}
	case findings.Waived:
		said := strings.Trim("Waived: "+strings.Join(waivedBy(found, rule), ", ")+". "+reasonsText(rule), ". ") + "."
		out.Skipped = &junitVerdict{Message: said, Type: "waived", Text: strings.Join(append([]string{said}, waiversFor(result, rule, found)...), "\n")}
	}
	return out
}

// junitReason is the first reason of a rule that is unknown.
func junitReason(rule findings.Rule) string {
	if len(rule.Reasons) == 0 {
		return "unknown"
	}
	return cleanName(rule.Reasons[0].Reason)
}

// junitFailure lists the open findings of a rule, one a line, and how to mend them.
func junitFailure(result *findings.Result, rule findings.Rule, found []findings.Finding) string {
	var lines []string
	open := 0
	for _, finding := range found {
		if finding.Outcome != findings.Fail {
			continue
		}
		if open++; open <= junitFindings {
			lines = append(lines, fmt.Sprintf("%s Expected '%s', found '%s'.", about(finding), cleanText(finding.Expected), cleanText(finding.Actual)))
		}
	}
	if open > junitFindings {
		lines = append(lines, fmt.Sprintf("And %d more, all in result.json.", open-junitFindings))
	}
	if len(lines) == 0 {
		lines = append(lines, ruleMessage(rule))
	}
	if waived := waivedBy(found); len(waived) > 0 {
		lines = append(lines, fmt.Sprintf("Waived: %s.", strings.Join(waived, ", ")))
	}
	lines = append(lines, waiversFor(result, rule, found)...)
	if summary := prose(rule.Remediation.Summary); summary != "" {
		lines = append(lines, "To mend: "+sentence(summary))
	}
	return strings.Join(lines, "\n")
}
