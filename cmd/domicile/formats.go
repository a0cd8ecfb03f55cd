package main

import (
	"bytes"
	"context"
	"io"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/chromium"
	"github.com/domicile-audit/domicile/reports"
)

// formats are those of package reports and PDF, which takes a browser and so can't be one
// of them.
func formats(printPDF func(io.Writer, *findings.Result) error) []reports.Format {
	return append(reports.Formats(), reports.Format{
		Name: "pdf", Doc: "summary, violations and verdicts on paper; takes an installed Chromium, Chrome or Edge", File: "report.pdf", Write: printPDF,
	})
}

func formatNames() []string {
	var names []string
	for _, format := range formats(nil) {
		names = append(names, format.Name)
	}
	return names
}

// formats are all formats, ready to be written.
func (a *app) formats(ctx context.Context) []reports.Format {
	return formats(func(w io.Writer, result *findings.Result) error { return a.printPDF(ctx, w, result) })
}

func (a *app) printPDF(ctx context.Context, w io.Writer, result *findings.Result) error {
	browser, err := chromium.Find(a.Getenv)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := reports.WritePrintable(&page, result); err != nil {
		return err
	}
	pdf, err := browser.Print(ctx, page.Bytes(), result.Finished)
	if err != nil {
		return err
	}
	_, err = w.Write(pdf)
	return err
}
