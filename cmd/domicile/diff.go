package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
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
	proof         signatures
}

func newDiff(a *app) *cobra.Command {
	var d diffing
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Say what changed between two scans, and what changed it",
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
  domicile diff baseline/result.json out/result.json --format markdown
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
	flags.StringVar(&d.bundleBefore, "before-evidence", "", "evidence bundle of BEFORE, a folder or a packed one (default evidence or evidence"+packedEnding+" beside it)")
	flags.StringVar(&d.bundleAfter, "after-evidence", "", "evidence bundle of AFTER, as --before-evidence")
	flags.StringVar(&d.config, "config", "", "configuration that names rules of your own, trusted_keys and require_signature")
	d.judging.addTrees(cmd)
	d.proof.addTrust(cmd)
	offer(cmd, "format", formats...)
	return cmd
}

func (a *app) diff(ctx context.Context, d diffing) error {
	if d.format != "text" && d.format != "json" && d.format != "markdown" {
		return usage(fmt.Errorf("--format %q is not text, json or markdown", d.format))
	}
	var cfg *config.Config
	if d.config != "" {
		var err error
		if cfg, err = config.Read(d.config); err != nil {
			return usage(err)
		}
	}
	trust, err := d.proof.trust(cfg)
	if err != nil {
		return err
	}
	trees, err := d.judging.Trees(cfg)
	if err != nil {
		return usage(err)
	}
	set, err := policies.Read(trees...)
	if err != nil {
		return usage(err)
	}
	before, after, err := a.compared(ctx, d, trust)
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

// compared reads the two results, from files or from the history.
func (a *app) compared(ctx context.Context, d diffing, trust signing.Trust) (before, after scan.Compared, err error) {
	read := func(path string) (scan.Compared, string, error) { return d.proof.compared(path, trust) }
	if d.history != "" {
		store, err := a.openHistory(ctx, d.history)
		if err != nil {
			return before, after, err
		}
		defer store.Close()
		read = func(id string) (scan.Compared, string, error) { return d.proof.recorded(ctx, store, id, trust) }
	}
	for _, side := range []struct {
		compared         *scan.Compared
		named, evidenced string
	}{{&before, d.before, d.bundleBefore}, {&after, d.after, d.bundleAfter}} {
		var beside string
		if *side.compared, beside, err = read(side.named); err != nil {
			return before, after, bundleError(err)
		}
		if path := cmp.Or(side.evidenced, beside); path != "" {
			side.compared.Bundle = func() (*evidence.Bundle, func() error, error) { return d.proof.bundle(path, trust) }
		}
	}
	return before, after, nil
}

// compared reads a result.json, or that of a folder, and finds the evidence beside it: a
// folder or a packed bundle; empty for none.
func (s *signatures) compared(path string, trust signing.Trust) (compared scan.Compared, beside string, err error) {
	if isDir(path) {
		path = filepath.Join(path, scan.ResultFile)
	}
	if compared.Result, compared.Digest, err = s.result(path, trust); err != nil {
		return compared, "", err
	}
	beside = filepath.Join(filepath.Dir(path), scan.EvidenceFolder)
	for _, bundle := range []string{beside, beside + packedEnding} {
		if _, err := os.Stat(bundle); err == nil {
			return compared, bundle, nil
		}
	}
	return compared, "", nil
}

// recorded reads a recorded scan by its id. No evidence lies beside it.
func (s *signatures) recorded(ctx context.Context, store *history.Store, id string, trust signing.Trust) (scan.Compared, string, error) {
	one, document, err := recordedResult(ctx, store, "", id)
	if err != nil {
		return scan.Compared{}, "", err
	}
	result, err := s.ofHistory(ctx, store, one, document, trust)
	return scan.Compared{Result: result, Digest: one.Digest}, "", err
}

// ofHistory reads the document of a recorded scan, whose signature must hold, and must be there
// where one is required.
func (s *signatures) ofHistory(ctx context.Context, store *history.Store, one history.Scan, document []byte, trust signing.Trust) (*findings.Result, error) {
	envelope, err := store.Envelope(ctx, one)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("scan %d", one.ID)
	result, signers, err := scan.ReadResult(name, document, envelope, trust)
	if err == nil {
		err = s.demand(name, signers)
	}
	return result, err
}
