package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// diffing are the flags of diff.
type diffing struct {
	judging       judging
	config        string
	format        string
	history       string
	bundleBefore  string
	bundleAfter   string
	before, after string
}

func newDiff(a *app) *cobra.Command {
	var d diffing
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Say what changed between two scans, and whether the tenant or the policy did",
		Long: `diff compares two results of a tenant: which findings are new, fixed, changed, no longer
judged or unchanged. BEFORE and AFTER are files result.json, or folders that scan wrote; with
--history they are ids of recorded scans, which domicile history list shows.

Each change is put down to what caused it: the tenant (the evidence differs), time (the
evidence is the same, and something in it ended), the policy (rules, parameters or profile
differ) or the waivers. Where both evidence and policy differ, the earlier evidence is judged
by the later rules and the later evidence by the earlier ones, as far as the evidence lies
beside the results (or is named) and the rules are those of this program; what can't be told
is said to be unclear.

Ends with 0 where nothing changed, and with 3 where something did.`,
		Example: `  domicile diff out/monday out/tuesday
  domicile diff baseline/result.json out/result.json --after-evidence out/evidence --format markdown
  domicile diff --history 41 42`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.before, d.after = args[0], args[1]
			return a.diff(cmd.Context(), d)
		},
	}
	formats := []string{"text", "json", "markdown"}
	flags := cmd.Flags()
	flags.StringVar(&d.format, "format", "text", "format: text, json or markdown")
	addHistory(cmd, &d.history, "history", "the results are recorded scans, by id")
	flags.StringVar(&d.bundleBefore, "before-evidence", "", "evidence bundle of BEFORE (default evidence beside it)")
	flags.StringVar(&d.bundleAfter, "after-evidence", "", "evidence bundle of AFTER (default evidence beside it)")
	flags.StringVar(&d.config, "config", "", "configuration that names rules of your own")
	d.judging.addTrees(cmd)
	offer(cmd, "format", formats...)
	return cmd
}

func (a *app) diff(ctx context.Context, d diffing) error {
	if d.format != "text" && d.format != "json" && d.format != "markdown" {
		return usage(fmt.Errorf("--format %q is not text, json or markdown", d.format))
	}
	set, err := d.rules()
	if err != nil {
		return usage(err)
	}
	before, after, err := a.compared(ctx, d)
	if err != nil {
		return err
	}
	difference, err := scan.Differ(ctx, set, before, after)
	if err != nil {
		return usage(err)
	}
	switch d.format {
	case "json":
		err = difference.Write(a.Stdout)
	case "markdown":
		err = reports.DifferenceMarkdown(a.Stdout, difference)
	default:
		err = reports.DifferenceText(a.Stdout, difference, a.textOptions())
	}
	if err == nil && !difference.Same() {
		err = &exitError{code: exitViolations}
	}
	return err
}

// rules reads the shipped rules and those of one's own.
func (d *diffing) rules() (*policies.Set, error) {
	var cfg *config.Config
	if d.config != "" {
		var err error
		if cfg, err = config.Read(d.config); err != nil {
			return nil, err
		}
	}
	trees, err := d.judging.Trees(cfg)
	if err != nil {
		return nil, err
	}
	return policies.Read(trees...)
}

// compared reads the two results, from files or from the history.
func (a *app) compared(ctx context.Context, d diffing) (before, after scan.Compared, err error) {
	read := readCompared
	if d.history != "" {
		store, err := a.openHistory(ctx, d.history)
		if err != nil {
			return before, after, err
		}
		defer store.Close()
		read = func(id string) (scan.Compared, error) { return recorded(ctx, store, id) }
	}
	if before, err = read(d.before); err == nil {
		after, err = read(d.after)
	}
	if d.bundleBefore != "" {
		before.Bundle = d.bundleBefore
	}
	if d.bundleAfter != "" {
		after.Bundle = d.bundleAfter
	}
	return before, after, usage(err)
}

// readCompared reads a result.json, or that of a folder, and finds the evidence beside it.
func readCompared(path string) (scan.Compared, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, scan.ResultFile)
	}
	result, digest, err := scan.ReadResult(path, nil)
	if err != nil {
		return scan.Compared{}, err
	}
	bundle := filepath.Join(filepath.Dir(path), scan.EvidenceFolder)
	if _, err := os.Stat(bundle); err != nil {
		bundle = ""
	}
	return scan.Compared{Result: result, Digest: digest, Bundle: bundle}, nil
}

// recorded reads a recorded scan by its id.
func recorded(ctx context.Context, store *history.Store, id string) (scan.Compared, error) {
	one, document, err := recordedResult(ctx, store, "", id)
	if err != nil {
		return scan.Compared{}, err
	}
	result, err := findings.Read(bytes.NewReader(document))
	return scan.Compared{Result: result, Digest: one.Digest}, err
}
