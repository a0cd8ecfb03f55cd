package scan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/signing"
)

// since opens the earlier bundle since which only the changes are read; nil where none was
// named. A path where nothing stands yet is a beginning: everything is read, and what
// changes from then on can be asked for the next time. A bundle of something else, or one
// whose manifest isn't as it was written or signed, is an error. What is read is signed alone
// if it rests on signed evidence: an unsigned bundle counts as none where there is a key, or
// a signature is required. done removes what was unpacked of it.
func (c Collection) since(tenant evidence.Tenant) (bundle *evidence.Bundle, done func() error, err error) {
	nothing := func() error { return nil }
	if c.Since == "" {
		return nil, nothing, nil
	}
	if _, err := os.Lstat(c.Since); errors.Is(err, fs.ErrNotExist) {
		c.notice("there is no evidence in %s yet: everything is read, and with --since only what has changed from then on", c.Since)
		return &evidence.Bundle{Dir: c.Since}, nothing, nil
	}
	trust := c.Trust
	if len(trust) == 0 && c.Key != nil {
		trust = signing.Trust{c.Key.Public()}
	}
	bundle, done, err = earlier(c.Since, tenant, trust)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; name an earlier bundle with --since, or leave it out", err)
	}
	if (c.Key != nil || c.Require) && len(bundle.Signers) == 0 {
		c.notice("the evidence in %s is unsigned: everything is read, so that nothing rests on what somebody may have changed", c.Since)
		return &evidence.Bundle{Dir: c.Since}, nothing, done()
	}
	if c.Pseudonyms != nil || bundle.Manifest.Pseudonyms != "" {
		c.notice("with pseudonyms, in this bundle or the one in %s, everything is read: what has changed can't be laid over them", c.Since)
	}
	return bundle, done, nil
}

// earlier opens an earlier bundle of a tenant, whose signature must hold if it has one. A
// packed one is unpacked for the time being: done removes that.
func earlier(path string, tenant evidence.Tenant, trust signing.Trust) (bundle *evidence.Bundle, done func() error, err error) {
	dir, done, err := Unpacked(path)
	if err != nil {
		return nil, nil, err
	}
	bundle, err = evidence.Open(dir)
	if err == nil {
		err = bundle.Authenticate(trust)
	}
	if err != nil {
		err = fmt.Errorf("%v", err) //nolint:errorlint // no failing disk: callers tell the two apart by the type
	} else if of := bundle.Manifest.Tenant; !strings.EqualFold(of.ID, tenant.ID) || of.Cloud != tenant.Cloud {
		err = fmt.Errorf("the evidence in %s is of tenant %s in the cloud %s, and not of %s in %s", path, of.ID, of.Cloud, tenant.ID, tenant.Cloud)
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return bundle, done, nil
}

// Unpacked is the folder of a bundle: its own, or for a packed one a temporary one that done
// removes.
func Unpacked(path string) (dir string, done func() error, err error) {
	if !evidence.IsPacked(path) {
		return path, func() error { return nil }, nil
	}
	if dir, err = os.MkdirTemp("", "domicile-bundle-"); err != nil {
		return "", nil, err
	}
	done = func() error { return os.RemoveAll(dir) }
	if err := evidence.Extract(path, dir); err != nil {
		return "", nil, errors.Join(err, done())
	}
	return dir, done, nil
}
