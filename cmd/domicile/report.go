package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/reports"
)

func newReport(a *app) *cobra.Command {
	var format, out, framework, file string
	var proof signatures
	var doc strings.Builder
	for _, f := range formats(nil) {
		fmt.Fprintf(&doc, "  %-12s  %s\n", f.Name, f.Doc)
	}
	cmd := &cobra.Command{
		Use:   "report RESULT",
		Short: "Turn a result.json into a report",
		Long:  "report turns a result.json into any of these formats. One that isn't what the signature\nbeside it was made for is refused.\n\n" + doc.String(),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := reports.FormatByName(a.formats(cmd.Context()), format)
			if err != nil {
				return usage(err)
			}
			if out == "" {
				return usage(errors.New("--out is empty; name a file, or - for standard output"))
			}
			trust, err := proof.read(file)
			if err != nil {
				return err
			}
			result, _, err := proof.result(args[0], trust)
			if err != nil {
				return err
			}
			if framework != "" {
				if result = result.Supporting(scan.FrameworkKey(framework)); len(result.Rules) == 0 {
					return usage(fmt.Errorf("no rule of %s supports the framework %q", args[0], framework))
				}
			}
			if out == "-" {
				return a.show(chosen, result)
			}
			if err := scan.WriteFile(out, func(w io.Writer) error { return chosen.Write(w, result) }); err != nil {
				return err
			}
			a.say("wrote %s", out)
			return nil
		},
	}
	cmd.AddCommand(newSchema(a, "result.json", findings.Schema))
	proof.addTrust(cmd)
	proof.addConfig(cmd, &file)
	cmd.Flags().StringVar(&format, "format", "text", "format: "+strings.Join(formatNames(), ", "))
	offer(cmd, "format", formatNames()...)
	cmd.Flags().StringVar(&framework, "framework", "", "only rules that support this framework: cis, scuba, nist, iso27001, gdpr, nis2, dora")
	cmd.Flags().StringVar(&out, "out", "-", "file to write, - for standard output")
	return cmd
}

// show writes a report to standard output: text as the terminal takes it.
func (a *app) show(format reports.Format, result *findings.Result) error {
	if format.Name == "text" {
		return reports.Text(a.Stdout, result, a.textOptions())
	}
	return format.Write(a.Stdout, result)
}

// bundleError makes a bundle that can't be opened the user's error, and leaves a
// tampered one what it is.
func bundleError(err error) error {
	var tampered *evidence.TamperedError
	if errors.As(err, &tampered) {
		return err
	}
	if errors.Is(err, scan.ErrUnsigned) {
		return &exitError{exitViolations, err}
	}
	return usage(err)
}
