//go:build integration

package history_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The size of a tenant whose history is measured: 100000 is a large one.
var size = flag.Int("findings", 5_000, "findings of the tenant whose thousand scans are recorded")

// TestAThousandScans records a thousand scans, from one to the next of which one finding in
// a hundred is another, and holds what they take to 1 GiB for 100,000 findings.
func TestAThousandScans(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	store := opened(t, path)
	const scans = 1000
	var longest, last time.Duration
	for n := range scans {
		document := encode(t, result(tenantID, day(n), churn(*size, n)))
		start := time.Now()
		scan := record(t, store, document)
		last = time.Since(start)
		longest = max(longest, last)
		if n%250 == 0 || n == scans-1 {
			start := time.Now()
			holds(t, store, scan, document)
			t.Logf("scan %d: %d MiB, recorded in %v (the longest took %v), read in %v", n+1, stored(t, path)>>20, last, longest, time.Since(start))
		}
	}
	limit := int64(1<<30) / 100_000 * int64(*size)
	if got := stored(t, path); got > limit {
		t.Errorf("a thousand scans of %d findings take %d bytes, more than %d", *size, got, limit)
	}
}

// stored is the size of a store in bytes.
func stored(t *testing.T, path string) (bytes int64) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(fmt.Errorf("measuring the store: %w", err))
		}
		bytes += info.Size()
	}
	return bytes
}
