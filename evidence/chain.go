package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Follows says what keeps a bundle from being the next after an earlier one, as a
// *TamperedError, if anything: each names the digest of the one before it.
func (b *Bundle) Follows(earlier *Bundle) error {
	m, before := b.Manifest, earlier.Manifest
	says := func(format string, args ...any) error {
		return fmt.Errorf("verifying evidence %s: %w", b.Dir, &TamperedError{manifestFile, fmt.Sprintf(format, args...)})
	}
	switch {
	case !strings.EqualFold(m.Tenant.ID, before.Tenant.ID) || m.Tenant.Cloud != before.Tenant.Cloud:
		return says("it is of tenant %s in the cloud %s, and the bundle before it, %s, of %s in %s", m.Tenant.ID, m.Tenant.Cloud, earlier.Dir, before.Tenant.ID, before.Tenant.Cloud)
	case m.Previous == "":
		return says("it names no bundle before it")
	case m.Previous != before.Digest():
		return says("the bundle that it names before it has the digest %s, and %s has %s", m.Previous, earlier.Dir, before.Digest())
	case before.Started.After(m.Started):
		return says("it is of %s, and the bundle that is to be before it, %s, of %s", m.Started.Format(time.RFC3339), earlier.Dir, before.Started.Format(time.RFC3339))
	}
	return nil
}

// Chain follows the bundles of a tenant from the newest back, each to the one that it names
// before it, and returns them, newest first. Every one of them must have its place: a gap, or
// one of another tenant, is a *TamperedError. The last may name one that isn't there any
// more.
func Chain(newest *Bundle, others []*Bundle) ([]*Bundle, error) {
	chain := []*Bundle{newest}
	left := slices.SortedStableFunc(slices.Values(others), func(a, b *Bundle) int {
		return cmp.Or(b.Manifest.Started.Compare(a.Manifest.Started), cmp.Compare(a.Dir, b.Dir))
	})
	for _, next := range left {
		if last := chain[len(chain)-1]; next.Manifest.Started.After(last.Manifest.Started) {
			return nil, fmt.Errorf("verifying evidence %s: %w", newest.Dir, &TamperedError{manifestFile, fmt.Sprintf("it is not the last of its chain: %s is newer", next.Dir)})
		} else if err := last.Follows(next); err != nil {
			return nil, err
		}
		chain = append(chain, next)
	}
	if len(left) == 0 && newest.Manifest.Previous != "" {
		return nil, fmt.Errorf("verifying evidence %s: %w", newest.Dir, &TamperedError{manifestFile, fmt.Sprintf("the bundle that it names before it, with the digest %s, is not there", newest.Manifest.Previous)})
	}
	return chain, nil
}
