package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/signing"
)

// previousFile is where Earlier leaves the earlier result.
const previousFile = "previous.json"

// Before chooses what is recorded of a tenant from before a time.
type Before struct {
	Tenant string
	Time   time.Time
	// Pseudonyms is the fingerprint of the key whose pseudonyms a result has; empty for one
	// without. Profile is the one that it was judged under; empty for any.
	Pseudonyms, Profile string
	// Trust are the keys whose signatures count, and Signed says that nothing counts without one.
	Trust  signing.Trust
	Signed bool
	// Unfit is told what is left out and why: something whose signature is wrong, or that lacks
	// the one that is required. What it returns ends the search.
	Unfit func(error) error
}

// demand refuses what no trusted key signed, where a signature is required.
func (b Before) demand(what string, signers []signing.Signer) error {
	return (&Signatures{Required: b.Signed}).Demand(what, signers)
}

// Earlier writes the newest result that is recorded and chosen into a folder, with the signature
// beside it, and returns its path and the recorded scan; an empty path if there is none.
func Earlier(ctx context.Context, store *history.Store, before Before, dir string) (string, history.Scan, error) {
	scans, err := store.List(ctx, before.Tenant)
	if err != nil {
		return "", history.Scan{}, err
	}
	path := filepath.Join(dir, previousFile)
	for _, one := range scans {
		if !one.Started.Before(before.Time.Truncate(time.Microsecond)) || before.Profile != "" && one.Profile != before.Profile { // as the history keeps times
			continue
		}
		document, err := store.Result(ctx, one)
		if err != nil {
			return "", one, err
		}
		envelope, err := store.Envelope(ctx, one)
		if err != nil {
			return "", one, err
		}
		name := fmt.Sprintf("scan %d", one.ID)
		result, signers, err := ReadResult(name, document, envelope, before.Trust)
		if result != nil && result.Pseudonyms != before.Pseudonyms {
			continue
		}
		if err == nil {
			err = before.demand(name, signers)
		}
		if err != nil {
			if err := before.Unfit(err); err != nil {
				return "", one, err
			}
			continue
		}
		return path, one, writeSigned(path, document, envelope)
	}
	return "", history.Scan{}, nil
}

// ReadResult reads the text of a result.json and checks its signature, if there is one, as
// VerifyResult does. The path names it in errors. A result whose signature is wrong is returned with
// the error.
func ReadResult(path string, text, envelope []byte, trust signing.Trust) (*findings.Result, []signing.Signer, error) {
	result, err := findings.Read(bytes.NewReader(text))
	if err != nil {
		return nil, nil, fmt.Errorf("reading result %s: %w", path, err)
	}
	signers, err := checkResult(result, path, sumOf(text), envelope, trust)
	return result, signers, err
}

// writeSigned writes a document, and beside it its signature, if there is one.
func writeSigned(path string, document, envelope []byte) error {
	if err := os.Remove(envelopeOf(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := WriteFile(path, func(w io.Writer) error { _, err := w.Write(document); return err }); err != nil || envelope == nil {
		return err
	}
	return writeEnvelope(path, envelope)
}

// Runs are the recorded remediations of the tenant that began before the time and weren't over at
// an earlier one. With pseudonyms there are none, as they name people.
func (b Before) Runs(ctx context.Context, store *history.Store, since time.Time) ([]*Recorded, error) {
	runs, err := store.Runs(ctx, b.Tenant)
	if err != nil {
		return nil, err
	}
	var chosen []*Recorded
	for _, run := range runs {
		if run.Ended.Before(since) || run.Began.After(b.Time.Truncate(time.Second)) { // as results say when they ended
			continue
		}
		name := fmt.Sprintf("the remediation r%d", run.ID)
		if b.Pseudonyms != "" {
			if err := b.Unfit(fmt.Errorf("%s %w", name, errNamesPeople)); err != nil {
				return nil, err
			}
			continue
		}
		record, envelope, err := store.RunRecord(ctx, run)
		if err != nil {
			return nil, err
		}
		read, err := ReadRun(name, record, envelope, b.Trust)
		if err == nil {
			err = b.demand(name, read.Signers)
		}
		if err == nil {
			chosen = append(chosen, read)
		} else if err := b.Unfit(err); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

// errNamesPeople says why a remediation can't stand beside evidence with pseudonyms.
var errNamesPeople = errors.New("names people and applications, for which the evidence has pseudonyms")
