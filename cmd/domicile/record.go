package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
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
		err = fmt.Errorf("%w; scan --record begins one, and serve keeps its own, domicile.db in its data folder", err)
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

// readRecordable reads a file to record: the one of a sha256, or whatever stands there for an
// empty one.
func readRecordable(path, digest string) ([]byte, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", path, err)
	}
	if sum := sha256.Sum256(document); digest != "" && hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("recording %s: it was changed while it was read", path)
	}
	return document, nil
}

// record records a result.json, which readRecordable reads.
func (a *app) record(ctx context.Context, r *recorder, path, digest string) error {
	if r == nil {
		return nil
	}
	document, err := readRecordable(path, digest)
	if err != nil {
		return err
	}
	envelope, err := scan.ReadEnvelope(path)
	if err != nil {
		return err
	}
	entry := history.Entry{Result: document, Envelope: envelope, By: accountName(), Time: a.Now()}
	one, recorded, err := r.store.RecordWith(ctx, entry, func(*sql.Tx, history.Scan) error { return nil })
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

// recordInHistory records the record of a run, and the signature beside it.
func (a *app) recordInHistory(ctx context.Context, r *recorder, path, digest string) error {
	if r == nil {
		return nil
	}
	document, err := readRecordable(path, digest)
	if err != nil {
		return err
	}
	envelope, err := scan.ReadEnvelope(path)
	if err != nil {
		return err
	}
	one, recorded, err := r.store.RecordRun(ctx, document, envelope, accountName(), a.Now())
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case recorded:
		a.say("Recorded as run %s in %s", runID(one), r.address)
	default:
		a.say("Recorded already, as run %s in %s", runID(one), r.address)
	}
	return nil
}

// runID is how people name a recorded run, which tells it from a scan.
func runID(run history.Run) string { return fmt.Sprintf("r%d", run.ID) }

// takePrevious takes from the history the newest result of a tenant from before a time, which it
// writes into a folder to compare with, and the remediations since.
func (j *judging) takePrevious(ctx context.Context, a *app, r *recorder, of previousOf) error {
	if r == nil {
		return usage(fmt.Errorf("--previous %s takes what --record recorded; give that too", historyPrevious))
	}
	trust, err := j.proof.trust(of.config)
	if err != nil {
		return err
	}
	of.Trust, of.Signed = trust, j.proof.Required
	of.Unfit = func(err error) error {
		a.say("Left out: %v", err)
		return nil
	}
	path, earlier, err := scan.Earlier(ctx, r.store, of.Before, of.dir)
	if err != nil {
		return err
	}
	if path == "" {
		a.say("No earlier scan of the tenant is recorded to compare with")
	} else {
		a.say("Comparing with scan %d of %s", earlier.ID, earlier.Started.Format(time.RFC3339))
	}
	j.Previous = path
	j.recorded, err = of.Runs(ctx, r.store, earlier.Started)
	return err
}

// previousOf says which result to compare with, and into which folder to write it. config may
// be nil.
type previousOf struct {
	scan.Before
	dir    string
	config *config.Config
}
