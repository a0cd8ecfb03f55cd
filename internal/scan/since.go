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
// if it rests on signed evidence: an unsigned bundle counts as none where there is a key.
func (c Collection) since(tenant evidence.Tenant) (*evidence.Bundle, error) {
	if c.Since == "" {
		return nil, nil //nolint:nilnil // no bundle is no error
	}
	if _, err := os.Lstat(c.Since); errors.Is(err, fs.ErrNotExist) {
		c.notice("there is no evidence in %s yet: everything is read, and with --since only what has changed from then on", c.Since)
		return &evidence.Bundle{Dir: c.Since}, nil
	}
	trust := c.Trust
	if len(trust) == 0 && c.Key != nil {
		trust = signing.Trust{c.Key.Public()}
	}
	bundle, err := earlier(c.Since, tenant, trust)
	if err != nil {
		return nil, fmt.Errorf("%w; name the folder of an earlier bundle with --since, or leave it out", err)
	}
	if c.Key != nil && len(bundle.Signers) == 0 {
		c.notice("the evidence in %s is unsigned: everything is read, so that nothing is signed that somebody may have changed", c.Since)
		return &evidence.Bundle{Dir: c.Since}, nil
	}
	if c.Pseudonyms != nil || bundle.Manifest.Pseudonyms != "" {
		c.notice("with pseudonyms, in this bundle or the one in %s, everything is read: what has changed can't be laid over them", c.Since)
	}
	return bundle, nil
}

// earlier opens an earlier bundle of a tenant, whose signature must hold if it has one.
func earlier(dir string, tenant evidence.Tenant, trust signing.Trust) (*evidence.Bundle, error) {
	bundle, err := evidence.Open(dir)
	if err == nil {
		err = bundle.Authenticate(trust)
	}
	if err != nil {
		return nil, fmt.Errorf("%v", err) //nolint:errorlint // no failing disk: callers tell the two apart by the type
	}
	if of := bundle.Manifest.Tenant; !strings.EqualFold(of.ID, tenant.ID) || of.Cloud != tenant.Cloud {
		return nil, fmt.Errorf("the evidence in %s is of tenant %s in the cloud %s, and not of %s in %s", dir, of.ID, of.Cloud, tenant.ID, tenant.Cloud)
	}
	return bundle, nil
}
