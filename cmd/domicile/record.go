package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/scan"
)

// The history is in the database that historyEnv names, and without it in historyFile.
// historyDefault stands for that where a flag may have no value, and historyPrevious, as
// the earlier result, for the newest one that is recorded.
const (
	historyEnv      = "DOMICILE_HISTORY"
	historyFile     = "history.db"
	historyDefault  = "default"
	historyPrevious = "history"
)

// addHistory adds a flag that may name a history, and without a value means the default.
func addHistory(cmd *cobra.Command, address *string, name, says string) {
	cmd.Flags().StringVar(address, name, "", says+"; --"+name+"=FILE names the history's SQLite file instead of the default ("+historyFile+", or what "+historyEnv+" names)")
	cmd.Flags().Lookup(name).NoOptDefVal = historyDefault
}

// historyAddress is where the history is that a flag names.
func (a *app) historyAddress(flag string) (string, error) {
	if flag != "" && flag != historyDefault {
		if history.HasPassword(flag) {
			return "", usage(fmt.Errorf("a password on the command line can be read by others; put the address into the variable %s", historyEnv))
		}
		return flag, nil
	}
	return cmp.Or(a.Getenv(historyEnv), historyFile), nil
}

// openHistory opens a history that is there.
func (a *app) openHistory(ctx context.Context, flag string) (*history.Store, error) {
	address, err := a.historyAddress(flag)
	if err != nil {
		return nil, err
	}
	store, err := history.Open(ctx, address)
	if errors.Is(err, history.ErrNoStore) {
		err = fmt.Errorf("%w; scan --record begins one", err)
	}
	return store, usage(err)
}

// recorder records results; nil records nothing.
type recorder struct {
	store   *history.Store
	address string
}

// openRecorder opens the history that a flag names, and begins it where there is none; nil
// if the flag is not given.
func (a *app) openRecorder(ctx context.Context, flag string) (*recorder, error) {
	if flag == "" {
		return nil, nil //nolint:nilnil // nothing is to be recorded
	}
	address, err := a.historyAddress(flag)
	if err != nil {
		return nil, err
	}
	store, err := history.OpenOrCreate(ctx, address)
	if err != nil {
		return nil, usage(err)
	}
	return &recorder{store, history.Shown(address)}, nil
}

func (r *recorder) close() error {
	if r == nil {
		return nil
	}
	return r.store.Close()
}

// accountName is the account of the machine that runs the program; empty where it has no name.
func accountName() string {
	account, err := user.Current()
	if err != nil {
		return ""
	}
	return account.Username
}

// record records a result.json.
func (a *app) record(ctx context.Context, r *recorder, path string) error {
	if r == nil {
		return nil
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("recording %s: %w", path, err)
	}
	one, recorded, err := r.store.Record(ctx, document, accountName(), a.Now())
	switch {
	case errors.Is(err, history.ErrForeignLayout):
		return usage(fmt.Errorf("%s: %w; domicile report %s --format json --out FILE lays it out anew", path, err, path))
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case recorded:
		a.say("Recorded as scan %d in %s", one.ID, r.address)
	default:
		a.say("Recorded already, as scan %d in %s", one.ID, r.address)
	}
	return nil
}

// previousResult writes the newest result that is recorded of what was before into a folder,
// and returns its path; empty if there is none.
func (a *app) previousResult(ctx context.Context, r *recorder, before scan.Before, dir string) (string, error) {
	if r == nil {
		return "", usage(fmt.Errorf("--previous %s takes what --record recorded; give that too", historyPrevious))
	}
	path, of, err := scan.Earlier(ctx, r.store, before, dir)
	switch {
	case err != nil:
	case path == "":
		a.say("No earlier scan of the tenant is recorded to compare with")
	default:
		a.say("Comparing with scan %d of %s", of.ID, of.Started.Format(time.RFC3339))
	}
	return path, err
}
