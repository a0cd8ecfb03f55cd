package scan

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
)

// previousFile is where Earlier leaves the earlier result.
const previousFile = "previous.json"

// Before chooses what is recorded of a tenant from before a time, with the pseudonyms of the
// key that has a fingerprint; empty for those without.
type Before struct {
	Tenant     string
	Time       time.Time
	Pseudonyms string
}

// Earlier writes the newest result that is recorded and chosen into a folder, and returns its
// path and the recorded scan; an empty path if there is none.
func Earlier(ctx context.Context, store *history.Store, before Before, dir string) (string, history.Scan, error) {
	scans, err := store.List(ctx, before.Tenant)
	if err != nil {
		return "", history.Scan{}, err
	}
	for _, one := range scans {
		if !one.Started.Before(before.Time.Truncate(time.Microsecond)) { // as the history keeps times
			continue
		}
		document, err := store.Result(ctx, one)
		if err != nil {
			return "", one, err
		}
		// What the history holds, it has read before.
		if result, err := findings.Read(bytes.NewReader(document)); err != nil || result.Pseudonyms != before.Pseudonyms {
			continue
		}
		path := filepath.Join(dir, previousFile)
		return path, one, WriteFile(path, func(w io.Writer) error { _, err := w.Write(document); return err })
	}
	return "", history.Scan{}, nil
}
