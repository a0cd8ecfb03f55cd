package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/reports"
)

// past are the flags that the commands over the history share.
type past struct {
	store, tenant, format string
}

func newHistory(a *app) *cobra.Command {
	cmd := group("history", "Past results: list them, show one, forget old ones",
		newHistoryList(a), newHistoryShow(a), newHistoryFindings(a), newHistoryRecord(a), newHistoryPrune(a))
	cmd.Long = `history is what scan --record and evaluate --record keep: every result, to the byte, and for
each finding when it was first and last seen; and what remediate apply --record and rollback
--record keep: the record of each run. It is in the SQLite file ` + historyFile + `, in the one that
--store names, or in the database that the variable ` + historyEnv + ` names: an SQLite file or
a PostgreSQL database, postgres://user:password@host/database.`
	return cmd
}

func (p *past) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.store, "store", "", "the history's SQLite file, or postgres:// address without a password (default "+historyFile+", or what "+historyEnv+" names)")
	cmd.Flags().StringVar(&p.tenant, "tenant", "", "only this tenant, by id or by its name in its latest recorded scan")
}

func (p *past) addFormat(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.format, "format", "text", "format: text or json")
	offer(cmd, "format", "text", "json")
}

func (p *past) checkFormat() error {
	if p.format != "text" && p.format != "json" {
		return usage(fmt.Errorf("--format %q is not text or json", p.format))
	}
	return nil
}

// withPast opens the history that the flags name, turns the tenant's name into its id, does
// something and closes the history.
func (a *app) withPast(ctx context.Context, p *past, do func(*history.Store) error) (err error) {
	store, err := a.openHistory(ctx, p.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if p.tenant != "" {
		if p.tenant, err = tenantOf(ctx, store, p.tenant); err != nil {
			return err
		}
	}
	return do(store)
}

// tenantOf is the id of the recorded tenant that a word names.
func tenantOf(ctx context.Context, store *history.Store, word string) (string, error) {
	scans, err := store.List(ctx, "")
	if err != nil {
		return "", err
	}
	named := map[string]bool{}
	latest := map[string]bool{}
	for _, one := range scans {
		if strings.EqualFold(one.Tenant, word) {
			return one.Tenant, nil
		}
		if !latest[one.Tenant] && strings.EqualFold(one.TenantName, word) {
			named[one.Tenant] = true
		}
		latest[one.Tenant] = true
	}
	runs, err := store.Runs(ctx, "")
	if err != nil {
		return "", err
	}
	for _, one := range runs {
		if strings.EqualFold(one.Tenant, word) {
			return one.Tenant, nil
		}
	}
	ids := sortedKeys(named)
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return "", usage(fmt.Errorf("nothing of a tenant %q is recorded; domicile history list shows those that are", word))
	default:
		return "", usage(fmt.Errorf("%q is the name of several tenants; name one by its id: %s", word, strings.Join(ids, ", ")))
	}
}

func newHistoryList(a *app) *cobra.Command {
	var p past
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the recorded scans and remediations, the latest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.checkFormat(); err != nil {
				return err
			}
			return a.withPast(cmd.Context(), &p, func(store *history.Store) error {
				scans, err := store.List(cmd.Context(), p.tenant)
				if err != nil {
					return err
				}
				runs, err := store.Runs(cmd.Context(), p.tenant)
				if err != nil {
					return err
				}
				if p.format == "json" {
					return writeJSON(a.Stdout, map[string]any{"version": 1, "scans": notNil(scans), "remediations": notNil(runs)})
				}
				columns(a.Stdout, scanRows(scans))
				if len(runs) > 0 {
					fmt.Fprintln(a.Stdout)
					columns(a.Stdout, runRows(runs))
				}
				return nil
			})
		},
	}
	p.add(cmd)
	p.addFormat(cmd)
	return cmd
}

func scanRows(scans []history.Scan) [][]string {
	rows := [][]string{{"ID", "TENANT", "STARTED", "EXIT", "VIOLATIONS", "TOOL", "RECORDED BY", "DIGEST"}}
	for _, one := range scans {
		name := reports.Visible(cmp.Or(one.TenantName, one.Tenant))
		rows = append(rows, []string{
			strconv.FormatInt(one.ID, 10), name, one.Started.Format(time.RFC3339), strconv.Itoa(one.Exit.Code), strconv.Itoa(one.Violations),
			reports.Visible(one.Tool), reports.Visible(one.RecordedBy), one.Digest[:12],
		})
	}
	return rows
}

func runRows(runs []history.Run) [][]string {
	rows := [][]string{{"ID", "TENANT", "BEGAN", "REMEDIATION", "CHANGES", "DONE", "MENDED", "AUTHOR", "APPROVED BY", "RECORDED BY", "DIGEST"}}
	for _, one := range runs {
		rows = append(rows, []string{
			runID(one), reports.Visible(cmp.Or(one.TenantName, one.Tenant)), one.Began.Format(time.RFC3339), reports.Visible(one.Kind),
			strconv.Itoa(one.Changes), strconv.Itoa(one.Done), strconv.Itoa(one.Mended),
			cmp.Or(reports.Visible(one.Author), "-"), cmp.Or(reports.Visible(one.Approver), "-"), reports.Visible(one.RecordedBy), one.Digest[:12],
		})
	}
	return rows
}

func newHistoryShow(a *app) *cobra.Command {
	var p past
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a recorded scan, in any format, or a remediation",
		Long: `show writes a recorded scan to standard output. --format json gives its result.json to the
byte, with the sha256 that history list shows the beginning of. Of a remediation, whose id
begins with r, it writes the record, which is json.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			format, err := reports.FormatByName(a.formats(cmd.Context()), p.format)
			if err != nil {
				return usage(err)
			}
			return a.withPast(cmd.Context(), &p, func(store *history.Store) error {
				if number, isRun := strings.CutPrefix(args[0], "r"); isRun {
					return a.showRun(cmd.Context(), store, p.tenant, number)
				}
				_, document, err := recordedResult(cmd.Context(), store, p.tenant, args[0])
				if err != nil {
					return usage(err)
				}
				if p.format == "json" {
					_, err := a.Stdout.Write(document)
					return err
				}
				result, err := findings.Read(bytes.NewReader(document))
				if err != nil {
					return err
				}
				return a.show(format, result)
			})
		},
	}
	p.add(cmd)
	cmd.Flags().StringVar(&p.format, "format", "text", "format: "+strings.Join(formatNames(), ", "))
	offer(cmd, "format", formatNames()...)
	return cmd
}

// showRun writes the record of a recorded run.
func (a *app) showRun(ctx context.Context, store *history.Store, tenant, number string) error {
	runs, err := store.Runs(ctx, tenant)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if strconv.FormatInt(run.ID, 10) == number {
			record, _, err := store.RunRecord(ctx, run)
			if err != nil {
				return err
			}
			_, err = a.Stdout.Write(record)
			return err
		}
	}
	return usage(fmt.Errorf("no remediation r%s is recorded; domicile history list shows them", number))
}

// recordedResult reads the result.json of a recorded scan.
func recordedResult(ctx context.Context, store *history.Store, tenant, id string) (history.Scan, []byte, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return history.Scan{}, nil, fmt.Errorf("%q is no scan's id; domicile history list shows them", id)
	}
	one, err := store.Scan(ctx, tenant, number)
	if errors.Is(err, history.ErrNoScan) {
		return one, nil, usage(fmt.Errorf("%w; domicile history list shows them", err))
	}
	if err != nil {
		return one, nil, err
	}
	document, err := store.Result(ctx, one)
	return one, document, err
}

func newHistoryFindings(a *app) *cobra.Command {
	var p past
	var all bool
	cmd := &cobra.Command{
		Use:   "findings",
		Short: "List findings, and when each was first and last seen",
		Long: `findings lists the findings of each tenant's latest recorded scan, and since when they are
there; with --all also those that are gone, and when they were last seen.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.checkFormat(); err != nil {
				return err
			}
			return a.withPast(cmd.Context(), &p, func(store *history.Store) error {
				seen := []history.Seen{}
				rows := [][]string{{"FIRST SEEN", "LAST SEEN", "NOW", "RULE", "SEVERITY", "OUTCOME", "RESOURCE"}}
				for one, err := range store.Findings(cmd.Context(), p.tenant, all) {
					if err != nil {
						return err
					}
					if p.format == "json" {
						seen = append(seen, one)
						continue
					}
					now, found := "gone", one.Finding
					if one.Open {
						now = "there"
					}
					rows = append(rows, []string{
						one.FirstSeen.Format(time.DateOnly), one.LastSeen.Format(time.DateOnly), now, reports.Visible(found.Rule), reports.Visible(string(found.Severity)), reports.Visible(string(found.Outcome)),
						reports.Visible(found.Resource.Kind + "/" + found.Resource.ID + " " + found.Resource.Name),
					})
				}
				if p.format == "json" {
					return writeJSON(a.Stdout, map[string]any{"version": 1, "findings": seen})
				}
				columns(a.Stdout, rows)
				return nil
			})
		},
	}
	p.add(cmd)
	p.addFormat(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "also findings that are in the latest scan no longer")
	return cmd
}

func newHistoryRecord(a *app) *cobra.Command {
	var p past
	var file string
	var proof signatures
	cmd := &cobra.Command{
		Use:   "record FILE...",
		Short: "Record results and records of remediations, in any order",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			trust, err := proof.read(file)
			if err != nil {
				return err
			}
			flag := p.store
			if flag == "" {
				flag = historyDefault
			}
			to, err := a.openRecorder(cmd.Context(), flag)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, to.close()) }()
			for _, path := range args {
				keep := a.record
				if documentKind(path) == "run" {
					keep = a.recordInHistory
				}
				digest, err := proof.recordable(path, trust)
				if err == nil {
					err = keep(cmd.Context(), to, path, digest)
				}
				if err != nil {
					return bundleError(err)
				}
			}
			return nil
		},
	}
	proof.addConfig(cmd, &file)
	proof.addTrust(cmd)
	cmd.Flags().StringVar(&p.store, "store", "", "the history's SQLite file, or postgres:// address without a password (default "+historyFile+", or what "+historyEnv+" names)")
	return cmd
}

func newHistoryPrune(a *app) *cobra.Command {
	var p past
	var keep, days int
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Forget old scans, and what only they say",
		Long: `prune forgets scans that are older than --keep-days, and of each tenant all but the newest
--keep, and the remediations before the oldest scan that is left. The latest scan of each tenant always stays, and an open finding keeps the time when
it was first seen. What was forgotten is gone from an SQLite file at once; PostgreSQL's own
vacuum clears it from a database.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			retention, err := retention(keep, days, a.Now())
			if err != nil {
				return usage(err)
			}
			if err := p.checkFormat(); err != nil {
				return err
			}
			return a.withPast(cmd.Context(), &p, func(store *history.Store) error {
				retention.Tenant = p.tenant
				pruned, err := store.Prune(cmd.Context(), retention, dryRun)
				if err != nil {
					return err
				}
				if p.format == "json" {
					return writeJSON(a.Stdout, map[string]any{"version": 1, "dryRun": dryRun, "pruned": notNil(pruned.Scans), "prunedRemediations": notNil(pruned.Runs)})
				}
				if len(pruned.Scans) > 0 {
					columns(a.Stdout, scanRows(pruned.Scans))
				}
				if len(pruned.Runs) > 0 {
					columns(a.Stdout, runRows(pruned.Runs))
				}
				said := "forgot"
				if dryRun {
					said = "would forget"
				}
				a.say("%s %s and %s", said, count(len(pruned.Scans), "scan"), count(len(pruned.Runs), "remediation"))
				return nil
			})
		},
	}
	p.add(cmd)
	p.addFormat(cmd)
	cmd.Flags().IntVar(&keep, "keep", 0, "keep this many scans of each tenant")
	cmd.Flags().IntVar(&days, "keep-days", 0, "keep the scans of this many days")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only list what would be forgotten")
	return cmd
}

// maxKeepDays is more than anybody keeps; far beyond, times run over.
const maxKeepDays = 366_000

func retention(keep, days int, now time.Time) (history.Retention, error) {
	if days > maxKeepDays {
		return history.Retention{}, fmt.Errorf("--keep-days %d is more than %d; leave it out to keep the scans of all days", days, maxKeepDays)
	}
	if keep < 0 || days < 0 || keep == 0 && days == 0 {
		return history.Retention{}, errors.New("name what to keep: --keep N, --keep-days N, or both")
	}
	retention := history.Retention{Keep: keep}
	if days > 0 {
		retention.Since = now.UTC().AddDate(0, 0, -days)
	}
	return retention, nil
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func notNil[T any](list []T) []T { return append([]T{}, list...) }
