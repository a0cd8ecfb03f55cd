package scan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
	"github.com/domicile-audit/domicile/reports"
)

// Run is the scan of one tenant: it is collected into Dir/evidence and judged, and the
// result and its reports are written into Dir.
type Run struct {
	Dir        string
	Collection Collection
	Judgement  Judgement
	Formats    []reports.Format
	// Judging, if set, is called when judging begins, and what it returns when that has ended.
	Judging func() (ended func())
	// Written, if set, is told the result and the paths of the files that say it.
	Written func(result *findings.Result, paths []string) error
	// Record, if set, records the result.json that was written.
	Record func(ctx context.Context, path string) error
}

// CollectError says that there is no evidence to judge, because collecting it failed.
type CollectError struct{ err error }

func (e *CollectError) Error() string { return e.err.Error() }

func (e *CollectError) Unwrap() error { return e.err }

// Scan collects the tenant and judges it. It fails with evidence.ErrInUse while another run
// uses the folder, and with a *CollectError where Collect fails.
func (r Run) Scan(ctx context.Context) (*findings.Result, error) {
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating folder %s: %w", r.Dir, err)
	}
	lock, err := Lock(r.Dir)
	if err != nil {
		return nil, err
	}
	defer lock.Unlock() //nolint:errcheck // the process's end gives it back at the latest
	folder := filepath.Join(r.Dir, EvidenceFolder)
	if _, err := Collect(ctx, folder, r.Collection); err != nil {
		return nil, &CollectError{err}
	}
	bundle, err := evidence.Verify(folder, r.Collection.Trust)
	if err != nil {
		return nil, err
	}
	return r.Judge(ctx, bundle)
}

// Lock keeps every other run out of a folder, as evidence.Lock does.
func Lock(dir string) (*flock.Flock, error) { return evidence.Lock(filepath.Join(dir, "scan")) }

// Judge judges a bundle, and writes and records the result. A report that can't be written
// costs none of the others; there is a result with that error, which isn't recorded.
func (r Run) Judge(ctx context.Context, bundle *evidence.Bundle) (*findings.Result, error) {
	if r.Judging != nil {
		defer r.Judging()()
	}
	result, err := r.Judgement.Judge(ctx, bundle)
	if err != nil {
		return nil, err
	}
	paths, err := WriteReports(r.Dir, result, r.Formats, r.Judgement.Key)
	if len(paths) == 0 {
		return nil, err
	}
	if r.Written != nil {
		if err := r.Written(result, paths); err != nil {
			return nil, err
		}
	}
	if err == nil && r.Record != nil {
		err = r.Record(ctx, paths[0])
	}
	return result, err
}

// ErrOtherPseudonyms says that a configuration or waivers can't be held against evidence.
var ErrOtherPseudonyms = errors.New("the evidence has pseudonyms, with which the accounts and applications that the configuration and the waivers name can be compared only with their key")

// Judge evaluates a bundle. What a configuration or waivers name it holds against pseudonyms
// only with their key.
func (j Judgement) Judge(ctx context.Context, bundle *evidence.Bundle) (*findings.Result, error) {
	if of := bundle.Manifest.Pseudonyms; of != "" && (len(j.Params) > 0 || len(j.Waivers) > 0) && (j.Pseudonyms == nil || j.Pseudonyms.Fingerprint() != of) {
		return nil, fmt.Errorf("judging %s: %w (%s)", bundle.Dir, ErrOtherPseudonyms, of)
	}
	verdicts, err := j.Set.Evaluate(ctx, bundle, policies.Options{Profile: j.Profile, Params: j.Params})
	if err != nil {
		return nil, err
	}
	return j.Result(verdicts, bundle), nil
}
