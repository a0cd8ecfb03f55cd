package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/reports"
)

// fleetFlags say what a fleet report is made of.
type fleetFlags struct {
	store, config   string
	tenants, groups []string
	since           string
	formats         []string
	out             string
	proof           signatures
}

func newFleet(a *app) *cobra.Command {
	return group("fleet", "Report how many tenants stand together, the worst first", newFleetReport(a), newSchema(a, "fleet.json", findings.FleetSchema))
}

func newFleetReport(a *app) *cobra.Command {
	var f fleetFlags
	var names []string
	for _, format := range reports.FleetFormats() {
		names = append(names, format.Name)
	}
	cmd := &cobra.Command{
		Use:   "report [FOLDER...]",
		Short: "Report all tenants, from the history or from folders of results",
		Long: `report shows the latest result of every tenant: which rules it violates, what could not be
judged and why, and what changed since the scan before, or since a date. It reads the
history that scan --record and serve keep, or every file result.json in the folders that are
named. With --config it shows the tenants of a configuration alone, by their names and
groups, also those that were never scanned.

The page shows the worst 1,000 tenants; the JSON and the CSV have all of them. A result that
can't be read is left out, said to be, and makes the command end with 2; the next older one
takes its place. Of folders that includes what no trusted key signed, where --config or
--require-signature demands a signature.`,
		Example: `  domicile fleet report --out fleet
  domicile fleet report --group eu --since 2026-01-01 --format html,csv
  domicile fleet report out --format json --out -`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.fleetReport(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "store", "", "the history's SQLite file, or postgres:// address without a password (default "+historyFile+", or what "+historyEnv+" names)")
	flags.StringVar(&f.config, "config", "", "configuration whose tenants are shown, also those never scanned")
	flags.StringSliceVar(&f.tenants, "tenant", nil, "only these tenants, by name or id")
	flags.StringSliceVar(&f.groups, "group", nil, "only the tenants of these groups of the configuration")
	flags.StringVar(&f.since, "since", "", "date (2026-01-31) or time (RFC 3339): what changed since then, instead of since the scan before")
	flags.StringSliceVar(&f.formats, "format", names, "formats: "+strings.Join(names, ", "))
	flags.StringVar(&f.out, "out", "fleet", "folder to write into, or - for standard output with one format")
	f.proof.addTrust(cmd)
	offer(cmd, "format", names...)
	return cmd
}

// A fleetEntry is a tenant of a fleet report, with those of its results that may be shown, the
// latest first; none for a tenant that was never scanned.
type fleetEntry struct {
	tenant  findings.FleetTenant
	results []fleetResult
}

// A fleetResult is a result that was found and not read yet, so that of a fleet no more than
// two are held at a time.
type fleetResult struct {
	source  string
	tenant  findings.Tenant
	started time.Time
	read    func() (findings.Recorded, error)
}

func (a *app) fleetReport(ctx context.Context, f fleetFlags, folders []string) error {
	formats, err := f.chosenFormats()
	if err != nil {
		return usage(err)
	}
	since, err := sinceTime(f.since)
	if err != nil {
		return usage(err)
	}
	fleet := findings.NewFleet(findings.Tool{Name: "domicile", Version: version}, since)
	entries, end, err := a.fleetEntries(ctx, f, folders, fleet)
	if err != nil {
		return err
	}
	defer end() //nolint:errcheck // it was only read from
	if entries, err = f.choose(entries); err != nil {
		return usage(err)
	}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		addEntry(fleet, entry)
	}
	fleet.Finish()
	if err := a.writeFleet(fleet, formats, f.out); err != nil {
		return err
	}
	if len(fleet.Unread) > 0 {
		return usage(fmt.Errorf("%s could not be read and %s left out: %s", count(len(fleet.Unread), "source"), isAre(len(fleet.Unread)), reports.Visible(fleet.Unread[0].Source+": "+fleet.Unread[0].Error)))
	}
	return nil
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// addEntry reads a tenant's latest result and the one that it is compared with, and adds what
// they say. Of those that can't be read the next older ones take the place.
func addEntry(fleet *findings.Fleet, entry fleetEntry) {
	var after, before findings.Recorded
	lost := false
	for _, one := range entry.results {
		if after.Result != nil && fleet.Since != nil && one.started.After(*fleet.Since) {
			continue // not yet so at that time
		}
		read, err := one.read()
		switch {
		case err != nil:
			unread(fleet, one.source, err)
			lost = after.Result != nil
			continue
		case after.Result == nil:
			after = read
			if fleet.Since == nil || one.started.After(*fleet.Since) {
				continue
			}
			before = read // it stood so already
		case read.Digest == after.Digest:
			continue // a copy, with which nothing is compared
		default:
			before = read
		}
		break
	}
	if after.Result == nil && len(entry.results) > 0 {
		return
	}
	fleet.Add(entry.tenant, after, before)
	if lost && before.Result == nil {
		fleet.Tenants[len(fleet.Tenants)-1].Latest.NotCompared = "no earlier result could be read"
	}
}

// unread leaves out what can't be read, and has the report say so.
func unread(fleet *findings.Fleet, source string, err error) {
	why := strings.TrimPrefix(err.Error(), "reading result "+source+": ")
	fleet.Unread = append(fleet.Unread, findings.FleetUnread{Source: source, Error: strings.ReplaceAll(why, "\n", "; ")})
}

func (a *app) writeFleet(fleet *findings.Fleet, formats []reports.FleetFormat, out string) error {
	if out == "-" {
		return formats[0].Write(a.Stdout, fleet)
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return usage(err)
	}
	for _, format := range formats {
		path := filepath.Join(out, format.File)
		if err := scan.WriteFile(path, func(w io.Writer) error { return format.Write(w, fleet) }); err != nil {
			return usage(err)
		}
		a.say("wrote %s", path)
	}
	return nil
}

func (f *fleetFlags) chosenFormats() ([]reports.FleetFormat, error) {
	var out []reports.FleetFormat
	for _, name := range f.formats {
		at := slices.IndexFunc(reports.FleetFormats(), func(format reports.FleetFormat) bool { return format.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("--format %q is not html, json or csv", name)
		}
		out = append(out, reports.FleetFormats()[at])
	}
	switch {
	case len(out) == 0:
		return nil, errors.New("--format is empty; name html, json or csv")
	case f.out == "":
		return nil, errors.New("--out is empty; name a folder, or - for standard output")
	case f.out == "-" && len(out) > 1:
		return nil, errors.New("--out - takes one format; name it with --format")
	case len(f.groups) > 0 && f.config == "":
		return nil, errors.New("--group chooses among the groups of a configuration; name it with --config")
	}
	return out, nil
}

// sinceTime reads a date, which is its first moment in UTC, or a time; nil for none.
func sinceTime(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			at = at.UTC()
			return &at, nil
		}
	}
	return nil, fmt.Errorf("--since %q is not a date such as 2026-01-31, or a time such as 2026-01-31T18:00:00Z", text)
}

// fleetEntries are the tenants of the history or of folders; end closes what they are read from.
func (a *app) fleetEntries(ctx context.Context, f fleetFlags, folders []string, fleet *findings.Fleet) (entries []fleetEntry, end func() error, err error) {
	end = func() error { return nil }
	var cfg *config.Config
	if f.config != "" {
		if cfg, err = config.Read(f.config); err != nil {
			return nil, end, usage(err)
		}
		for _, err := range cfg.Refused {
			unread(fleet, f.config, err)
		}
	}
	trust, err := f.proof.trust(cfg)
	if err != nil {
		return nil, end, err
	}
	if len(folders) > 0 {
		if f.store != "" {
			return nil, end, usage(errors.New("name folders of results or a history with --store, not both"))
		}
		entries, err = f.folderEntries(folders, trust, fleet)
	} else {
		store, failed := a.openHistory(ctx, f.store)
		if failed != nil {
			return nil, end, failed
		}
		end = store.Close
		entries, err = f.historyEntries(ctx, store, trust, fleet.Since)
	}
	if err != nil {
		return nil, end, errors.Join(err, end())
	}
	if cfg != nil {
		entries = configured(entries, cfg)
	}
	return entries, end, nil
}

// configured are the entries of the tenants of a configuration.
func configured(entries []fleetEntry, cfg *config.Config) (out []fleetEntry) {
	byID := map[string]fleetEntry{}
	for _, entry := range entries {
		byID[strings.ToLower(entry.tenant.Tenant.ID)] = entry
	}
	for _, tenant := range cfg.Tenants {
		entry, scanned := byID[tenant.ID]
		if !scanned {
			entry.tenant.Tenant = findings.Tenant{ID: tenant.ID, Cloud: tenant.Cloud}
		}
		entry.tenant.Name, entry.tenant.Groups = tenant.Name, tenant.Groups
		out = append(out, entry)
	}
	return out
}

// choose keeps the tenants that the flags name.
func (f *fleetFlags) choose(entries []fleetEntry) ([]fleetEntry, error) {
	named := func(entry fleetEntry, word string) bool {
		t := entry.tenant
		return strings.EqualFold(t.Tenant.ID, word) || t.Name != "" && t.Name == word || strings.EqualFold(t.Tenant.Name, word)
	}
	for _, word := range f.tenants {
		if !slices.ContainsFunc(entries, func(entry fleetEntry) bool { return named(entry, word) }) {
			return nil, fmt.Errorf("there is no tenant %q", word)
		}
	}
	for _, word := range f.groups {
		if !slices.ContainsFunc(entries, func(entry fleetEntry) bool { return slices.Contains(entry.tenant.Groups, word) }) {
			return nil, fmt.Errorf("no tenant is in a group %q", word)
		}
	}
	return slices.DeleteFunc(entries, func(entry fleetEntry) bool {
		byName := len(f.tenants) == 0 || slices.ContainsFunc(f.tenants, func(word string) bool { return named(entry, word) })
		byGroup := len(f.groups) == 0 || slices.ContainsFunc(f.groups, func(word string) bool { return slices.Contains(entry.tenant.Groups, word) })
		return !byName || !byGroup
	}), nil
}

// historyEntries are the tenants of a history.
func (f *fleetFlags) historyEntries(ctx context.Context, store *history.Store, trust signing.Trust, since *time.Time) ([]fleetEntry, error) {
	standings, err := store.Standings(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []fleetEntry
	for _, standing := range standings {
		scans := []history.Scan{standing.Scan}
		var earlier history.Scan
		switch {
		case since != nil:
			earlier, err = store.At(ctx, standing.Scan.Tenant, *since)
		case standing.Before != nil:
			earlier, err = store.Scan(ctx, standing.Scan.Tenant, standing.Before.Scan)
		default:
			err = history.ErrNoScan
		}
		switch {
		case errors.Is(err, history.ErrNoScan): // there is nothing to compare with
		case err != nil:
			return nil, err
		case earlier.ID != standing.Scan.ID:
			scans = append(scans, earlier)
		}
		tenant := findings.Tenant{ID: standing.Scan.Tenant, Name: standing.Scan.TenantName, Cloud: standing.Numbers.Cloud}
		entry := fleetEntry{tenant: findings.FleetTenant{Tenant: tenant}}
		for _, one := range scans {
			entry.results = append(entry.results, fleetResult{
				source: fmt.Sprintf("scan %d of tenant %s", one.ID, one.Tenant), tenant: tenant, started: one.Started,
				read: func() (findings.Recorded, error) { return f.recorded(ctx, store, one, trust) },
			})
		}
		out = append(out, entry)
	}
	return out, nil
}

// recorded reads a result of the history.
func (f *fleetFlags) recorded(ctx context.Context, store *history.Store, one history.Scan, trust signing.Trust) (findings.Recorded, error) {
	document, err := store.Result(ctx, one)
	if err != nil {
		return findings.Recorded{}, err
	}
	result, err := f.proof.ofHistory(ctx, store, one, document, trust)
	return findings.Recorded{Result: result, Digest: one.Digest}, err
}

// folderEntries are the tenants of the files result.json in folders. Of each file the beginning
// is read, which says whose it is and of when.
func (f *fleetFlags) folderEntries(folders []string, trust signing.Trust, fleet *findings.Fleet) ([]fleetEntry, error) {
	byID := map[string]*fleetEntry{}
	for _, folder := range folders {
		paths, err := resultsIn(folder, fleet)
		if err != nil {
			return nil, usage(err)
		}
		for _, path := range paths {
			tenant, started, err := scan.ResultOrigin(path)
			if err != nil {
				unread(fleet, path, err)
				continue
			}
			id := strings.ToLower(tenant.ID)
			if byID[id] == nil {
				byID[id] = &fleetEntry{}
			}
			byID[id].results = append(byID[id].results, fleetResult{path, tenant, started, func() (findings.Recorded, error) {
				result, digest, err := f.proof.Result(path, trust)
				if err == nil && result.Tenant.ID != tenant.ID {
					err = errors.New("it was replaced by another tenant's while it was read")
				}
				return findings.Recorded{Result: result, Digest: digest}, err
			}})
		}
	}
	if len(byID) == 0 && len(fleet.Unread) == 0 {
		return nil, usage(fmt.Errorf("there is no file %s in %s", scan.ResultFile, strings.Join(folders, ", ")))
	}
	var out []fleetEntry
	for _, id := range sortedKeys(byID) {
		entry := byID[id]
		slices.SortFunc(entry.results, func(a, b fleetResult) int {
			return cmp.Or(b.started.Compare(a.started), strings.Compare(a.source, b.source))
		})
		entry.tenant.Tenant = entry.results[0].tenant
		out = append(out, *entry)
	}
	return out, nil
}

// resultsIn are the files result.json in a folder and those below it, or the one that is named
// itself. What can't be looked into is left out, and said to be; links to folders are followed
// where they are named alone, so that none leads in a circle.
func resultsIn(folder string, fleet *findings.Fleet) (paths []string, err error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil && path == root {
			return err
		}
		below, relative := filepath.Rel(root, path)
		if relative != nil {
			return relative
		}
		switch named := filepath.Join(folder, below); {
		case err != nil:
			unread(fleet, named, err)
			return fs.SkipDir
		case filepath.Base(named) == scan.ResultFile && !isDir(path):
			paths = append(paths, named)
		}
		return nil
	})
	return paths, err
}
