package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/domicile-audit/domicile/findings"
)

// findingsCommand writes a result that has more findings than the one that it is made from.
func findingsCommand(_ context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("findings", flag.ContinueOnError)
	from := flags.String("from", "", "result.json to start from")
	count := flags.Int("count", 10_000, "findings that there are in the end")
	out := flags.String("out", "", "result.json to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *from == "" || *out == "" {
		return errors.New("findings needs -from and -out")
	}
	source, err := os.Open(*from)
	if err != nil {
		return err
	}
	defer source.Close()
	result, err := findings.Read(source)
	if err != nil {
		return err
	}
	if err := multiply(result, *count); err != nil {
		return err
	}
	file, err := os.Create(*out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return result.Write(file)
}

// multiply repeats the violations of a result for further resources, as a larger tenant would
// have them, until there are so many findings. Rules that judge object by object come first.
func multiply(result *findings.Result, count int) error {
	rules := map[string]*findings.Rule{}
	for i := range result.Rules {
		rules[result.Rules[i].ID] = &result.Rules[i]
	}
	var all, byObject []findings.Finding
	for _, finding := range result.Findings {
		if finding.Outcome != findings.Fail {
			continue
		}
		all = append(all, finding)
		if rules[finding.Rule].Scope != "tenant" {
			byObject = append(byObject, finding)
		}
	}
	if len(byObject) > 0 {
		all = byObject
	}
	if len(all) == 0 {
		return errors.New("the result has no violation to repeat")
	}
	for i := 0; len(result.Findings) < count; i++ {
		finding := all[i%len(all)]
		finding.Resource.ID = fmt.Sprintf("%s-%06d", finding.Resource.ID, i)
		finding.Resource.Name = fmt.Sprintf("%s %d", finding.Resource.Name, i)
		finding.Fingerprint = findings.Fingerprint(result.Tenant.ID, finding.Rule, finding.Resource)
		result.Findings = append(result.Findings, finding)
		rule := rules[finding.Rule]
		rule.Failed++
		rule.Checked = max(rule.Checked, rule.Failed)
	}
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	result.Exit = findings.Gate(result, string(findings.High), false)
	return nil
}
