package main

import (
	"bytes"
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
	"github.com/domicile-audit/domicile/reports"
)

// fleetFlags say what a fleet report is made of.
type fleetFlags struct {
	store, config   string
	tenants, groups []string
	since           string
	formats         []string
	out             string
}

func newFleet(a *app) *cobra.Command {
	return group("fleet", "Many tenants together: how they stand, the worst first, and what changed", newFleetReport(a), newSchema(a, "fleet.json", findings.FleetSchema))
}

func newFleetReport(a *app) *cobra.Command {
	var f fleetFlags
	var names []string
	for _, format := range reports.FleetFormats() {
		names = append(names, format.Name)
	}
	cmd := &cobra.Command{
		Use:   "report [FOLDER...]",
		Short: "Report how many tenants stand together, from the history or from folders of results",
		Long: `report shows the latest result of every tenant: which rules it violates, what could not be
judged and why, and what changed since the scan before, or since a date. It reads the
history that scan --record and serve keep, or every file result.json in the folders that are
named. With --config it shows the tenants of a configuration alone, by their names and
groups, also those that were never scanned.

The page shows the worst 1,000 tenants; the JSON and the CSV have all of them. A result that
can't be read is left out, said to be, and makes the command end with 2.`,
		Example: `  domicile fleet report --out fleet
  domicile fleet report --config domicile.yaml --group eu --since 2026-01-01 --format html,csv
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
	offer(cmd, "format", names...)
	return cmd
}

// A fleetEntry is a tenant of a fleet report, and how to read its latest result and the one
// that it is compared with; a nil read is that of a tenant that was never scanned.
type fleetEntry struct {
	tenant findings.FleetTenant
	source string
	read   func() (after, before findings.Recorded, err error)
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
	entries, unread, end, err := a.fleetEntries(ctx, f, folders, since)
	if err != nil {
		return err
	}
	defer end() //nolint:errcheck // it was only read from
	if entries, err = f.choose(entries); err != nil {
		return usage(err)
	}
	fleet := findings.NewFleet(findings.Tool{Name: "domicile", Version: version}, since)
	fleet.Unread = append(fleet.Unread, unread...)
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := addEntry(fleet, entry); err != nil {
			fleet.Unread = append(fleet.Unread, findings.FleetUnread{Source: entry.source, Error: err.Error()})
		}
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

// addEntry reads the results of a tenant and adds what they say.
func addEntry(fleet *findings.Fleet, entry fleetEntry) error {
	var after, before findings.Recorded
	if entry.read != nil {
		var err error
		if after, before, err = entry.read(); err != nil {
			return err
		}
	}
	fleet.Add(entry.tenant, after, before)
	return nil
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
func (a *app) fleetEntries(ctx context.Context, f fleetFlags, folders []string, since *time.Time) (entries []fleetEntry, unread []findings.FleetUnread, end func() error, err error) {
	end = func() error { return nil }
	if len(folders) > 0 {
		if f.store != "" {
			return nil, nil, end, usage(errors.New("name folders of results or a history with --store, not both"))
		}
		entries, unread, err = folderEntries(folders, since)
	} else {
		store, failed := a.openHistory(ctx, f.store)
		if failed != nil {
			return nil, nil, end, failed
		}
		end = store.Close
		entries, err = historyEntries(ctx, store, since)
	}
	if err == nil && f.config != "" {
		var refused []findings.FleetUnread
		entries, refused, err = configured(entries, f.config)
		unread = append(unread, refused...)
	}
	if err != nil {
		return nil, nil, end, errors.Join(err, end())
	}
	return entries, unread, end, nil
}

// configured are the entries of the tenants of a configuration, and which of those it refuses.
func configured(entries []fleetEntry, file string) (out []fleetEntry, refused []findings.FleetUnread, err error) {
	cfg, err := config.Read(file)
	if err != nil {
		return nil, nil, usage(err)
	}
	for _, err := range cfg.Refused {
		refused = append(refused, findings.FleetUnread{Source: file, Error: err.Error()})
	}
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
	return out, refused, nil
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
func historyEntries(ctx context.Context, store *history.Store, since *time.Time) ([]fleetEntry, error) {
	standings, err := store.Standings(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []fleetEntry
	for _, standing := range standings {
		read := func() (after, before findings.Recorded, err error) {
			var earlier history.Scan
			switch {
			case since != nil:
				earlier, err = store.At(ctx, standing.Scan.Tenant, *since)
			case standing.Before != nil:
				earlier, err = store.Scan(ctx, standing.Scan.Tenant, standing.Before.Scan)
			default:
				err = history.ErrNoScan
			}
			if err == nil {
				before, err = comparedScan(ctx, store, earlier)
			} else if errors.Is(err, history.ErrNoScan) {
				err = nil // there is nothing to compare with
			}
			if err == nil {
				after, err = comparedScan(ctx, store, standing.Scan)
			}
			return after, before, err
		}
		out = append(out, fleetEntry{
			tenant: findings.FleetTenant{Tenant: findings.Tenant{ID: standing.Scan.Tenant, Name: standing.Scan.TenantName, Cloud: standing.Numbers.Cloud}},
			source: fmt.Sprintf("scan %d of tenant %s", standing.Scan.ID, standing.Scan.Tenant), read: read,
		})
	}
	return out, nil
}

func comparedScan(ctx context.Context, store *history.Store, one history.Scan) (findings.Recorded, error) {
	document, err := store.Result(ctx, one)
	if err != nil {
		return findings.Recorded{}, err
	}
	result, err := findings.Read(bytes.NewReader(document))
	return findings.Recorded{Result: result, Digest: one.Digest}, err
}

// resultAt is a result.json in a folder.
type resultAt struct {
	path    string
	started time.Time
}

// folderEntries are the tenants of the files result.json in folders. Each is read to learn
// whose it is, and again when its turn comes, so that no more than two are held at a time.
func folderEntries(folders []string, since *time.Time) (out []fleetEntry, unread []findings.FleetUnread, err error) {
	var paths []string
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && entry.Name() == scan.ResultFile {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return nil, nil, usage(err)
		}
	}
	tenants, found := map[string]findings.Tenant{}, map[string][]resultAt{}
	for _, path := range paths {
		result, _, _, err := scan.VerifyResult(path, nil)
		if err != nil {
			unread = append(unread, findings.FleetUnread{Source: path, Error: err.Error()})
			continue
		}
		id := strings.ToLower(result.Tenant.ID)
		tenants[id] = result.Tenant
		found[id] = append(found[id], resultAt{path, result.Started})
	}
	if len(found) == 0 && len(unread) == 0 {
		return nil, nil, usage(fmt.Errorf("there is no file %s in %s", scan.ResultFile, strings.Join(folders, ", ")))
	}
	for _, id := range sortedKeys(found) {
		all := found[id]
		slices.SortStableFunc(all, func(a, b resultAt) int { return a.started.Compare(b.started) })
		latest := all[len(all)-1]
		out = append(out, fleetEntry{
			tenant: findings.FleetTenant{Tenant: tenants[id]}, source: latest.path,
			read: func() (after, before findings.Recorded, err error) {
				if earlier, there := earlierOf(all, since); there {
					before.Result, before.Digest, _, err = scan.VerifyResult(earlier.path, nil)
				}
				if err == nil {
					after.Result, after.Digest, _, err = scan.VerifyResult(latest.path, nil)
				}
				return after, before, err
			},
		})
	}
	return out, unread, nil
}

// earlierOf is the result that the last of a tenant's is compared with: the one before it, or the last
// from a time or before.
func earlierOf(all []resultAt, since *time.Time) (resultAt, bool) {
	before := all[:len(all)-1]
	if since != nil {
		after := slices.IndexFunc(all, func(one resultAt) bool { return one.started.After(*since) })
		if before = all; after >= 0 {
			before = all[:after]
		}
	}
	if len(before) == 0 {
		return resultAt{}, false
	}
	return before[len(before)-1], true
}
