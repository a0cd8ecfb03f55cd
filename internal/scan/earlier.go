package scan

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"github.com/domicile-audit/domicile/history"
)

// previousFile is where Earlier leaves the earlier result.
const previousFile = "previous.json"

// Earlier writes the newest result that is recorded of a tenant from before a time into a
// folder, and returns its path and the recorded scan; an empty path if there is none.
func Earlier(ctx context.Context, store *history.Store, tenant string, before time.Time, dir string) (string, history.Scan, error) {
	scans, err := store.List(ctx, tenant)
	if err != nil {
		return "", history.Scan{}, err
	}
	for _, one := range scans {
		if !one.Started.Before(before.Truncate(time.Microsecond)) { // as the history keeps times
			continue
		}
		document, err := store.Result(ctx, one)
		if err != nil {
			return "", one, err
		}
		path := filepath.Join(dir, previousFile)
		return path, one, WriteFile(path, func(w io.Writer) error { _, err := w.Write(document); return err })
	}
	return "", history.Scan{}, nil
}
