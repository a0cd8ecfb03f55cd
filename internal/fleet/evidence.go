package fleet

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/scan"
)

// evidenceFolder is the folder of evidence in the data folder. In it each tenant has a folder,
// with one for each scan: the bundle, the result and its signature.
const evidenceFolder = "evidence"

// path is where a folder of evidence is, and bundle its bundle.
func (f *Fleet) path(folder string) string {
	return filepath.Join(f.options.Data, evidenceFolder, filepath.FromSlash(folder))
}

func (f *Fleet) bundle(folder string) string {
	return filepath.Join(f.path(folder), scan.EvidenceFolder)
}

// adopt takes over what the attempt before left, if this process can reach it and nobody uses
// it: a worker that was only paused keeps its folder, and its successor has one of its own.
func (f *Fleet) adopt(c claim, log *slog.Logger) bool {
	if c.before == "" {
		return false
	}
	lock, err := scan.Lock(f.path(c.before))
	if err != nil {
		log.Info("what the attempt before left is not at hand", "reason", err)
		return false
	}
	defer lock.Unlock() //nolint:errcheck // the process's end gives it back at the latest
	if err := os.Rename(f.path(c.before), f.path(c.folder)); err != nil {
		log.Warn("taking over what the attempt before left", "error", err)
		return false
	}
	return true
}

// remove removes a folder of evidence, unless somebody uses it.
func (f *Fleet) remove(folder string) {
	path := f.path(folder)
	lock, err := scan.Lock(path)
	if err != nil {
		return // it is in use, or not there
	}
	if err := errors.Join(os.RemoveAll(path), lock.Unlock()); err != nil {
		f.log.Warn("removing evidence", "folder", folder, "error", err)
	}
}

// tidy forgets what isn't kept, of all tenants that have evidence here.
func (f *Fleet) tidy(ctx context.Context) {
	entries, err := os.ReadDir(filepath.Join(f.options.Data, evidenceFolder))
	if err != nil {
		f.log.Warn("tidying up", "error", err)
	}
	for _, entry := range entries {
		if entry.IsDir() && ctx.Err() == nil {
			f.tidyTenant(ctx, entry.Name())
		}
	}
}

// tidyTenant forgets of a tenant's evidence and logs what isn't kept, and what was left behind
// by scans that are over.
func (f *Fleet) tidyTenant(ctx context.Context, tenant string) {
	// What is kept is asked afterwards: a folder's job is known before the folder is made.
	entries, err := os.ReadDir(f.path(tenant))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.log.Warn("tidying up", "tenant", tenant, "error", err)
	}
	kept, err := f.store.kept(ctx, tenant, f.setup.Load().config.Serve.Keep, f.options.Now())
	if err != nil {
		f.log.Warn("tidying up", "tenant", tenant, "error", err)
		return
	}
	for _, entry := range entries {
		folder := tenant + "/" + entry.Name()
		wanted, known := kept[folder]
		if entry.IsDir() && !wanted && (known || f.leftover(ctx, folder)) {
			f.remove(folder)
		}
	}
}

// leftover says whether a folder that no job has was left by a scan without a result, or by one
// that is forgotten but for its result in the history. Any other one was recorded in another
// database, whose evidence isn't this one's to remove.
func (f *Fleet) leftover(ctx context.Context, folder string) bool {
	if _, foreign := f.foreign.Load(folder); foreign {
		return false
	}
	document, err := os.ReadFile(filepath.Join(f.path(folder), scan.ResultFile))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	is := false
	if err == nil {
		sum := sha256.Sum256(document)
		is, err = f.history.Holds(ctx, hex.EncodeToString(sum[:]))
	}
	switch {
	case err != nil:
		f.log.Warn("tidying up", "folder", folder, "error", err)
	case !is:
		f.foreign.Store(folder, true)
		f.log.Warn("evidence stays whose result is not in the history", "folder", folder)
	}
	return is
}

// clocksDiffer is by how much the clock of who made a bundle may be ahead.
const clocksDiffer = 5 * time.Minute

// Upload judges and records a packed bundle that was made elsewhere, once it is verified: its
// hashes, its signature, and that it is of a tenant of the configuration. It is for somebody.
// The caller bounds the size of what is read.
// What is wrong with it is an *evidence.TamperedError, an *evidence.UnreadableError,
// evidence.ErrNotPacked, scan.ErrUnsigned, scan.ErrOtherPseudonyms, ErrNoPseudonyms, ErrNoTenant
// or ErrAhead.
func (f *Fleet) Upload(ctx context.Context, packed io.Reader, by string) (recorded history.Scan, err error) {
	setup, begun := f.setup.Load(), f.options.Now()
	temporary, err := os.MkdirTemp(f.options.Data, "upload-")
	if err != nil {
		return history.Scan{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	file := filepath.Join(temporary, "bundle.tar.zst")
	if err := scan.WriteFile(file, func(w io.Writer) error { _, err := io.Copy(w, packed); return err }); err != nil {
		return history.Scan{}, err
	}
	unpacked := filepath.Join(temporary, scan.EvidenceFolder)
	bundle, err := evidence.Unpack(file, unpacked, setup.trust, func(b *evidence.Bundle) error { return setup.proof.Demand("the bundle", b.Signers) })
	if err != nil {
		return history.Scan{}, err
	}
	tenant, err := setup.tenant(bundle.Manifest.Tenant.ID)
	if err != nil {
		return history.Scan{}, err
	}
	if bundle.Manifest.Started.Sub(begun) > clocksDiffer {
		return history.Scan{}, ErrAhead
	}
	of := judged{tenant: tenant, began: bundle.Manifest.Started, fingerprint: bundle.Manifest.Pseudonyms}
	switch {
	case of.fingerprint != "":
		if of.pseudonyms, err = setup.pseudonymKey(tenant); err != nil {
			return history.Scan{}, err
		}
	case setup.config.Pseudonymised(tenant):
		return history.Scan{}, ErrNoPseudonyms
	}
	folder := fmt.Sprintf("%s/upload-%s", tenant.Name, rand.Text()[:10])
	dir := f.path(folder)
	of.dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return history.Scan{}, err
	}
	lock, err := scan.Lock(dir)
	if err != nil {
		return history.Scan{}, err
	}
	isNew := false
	defer func() {
		if !isNew {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		err = errors.Join(err, lock.Unlock())
	}()
	judging, err := f.judging(ctx, setup, of, f.log.With("tenant", tenant.Name))
	if err != nil {
		return history.Scan{}, err
	}
	bundle.Dir = f.bundle(folder)
	if err := os.Rename(unpacked, bundle.Dir); err != nil {
		return history.Scan{}, err
	}
	run := scan.Run{Dir: dir, Judgement: judging.Judgement, Record: func(ctx context.Context, path string) error {
		entry, err := f.entry(path, by)
		if err != nil {
			return err
		}
		recorded, isNew, err = f.history.RecordWith(ctx, entry, func(tx *sql.Tx, scan history.Scan) error {
			return f.store.upload(ctx, tx, Job{
				Tenant: tenant.Name, TenantID: tenant.ID, By: by, Queued: begun, Started: begun, Finished: f.options.Now(), Exit: &scan.Exit, Scan: scan.ID,
			}, folder)
		})
		return err
	}}
	_, err = run.Judge(ctx, bundle)
	return recorded, err
}
