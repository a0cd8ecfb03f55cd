//go:build linux && !race

package graph_test

import "testing"

// mostMemory is the greatest resident size of a collection in KiB, whatever its size.
const mostMemory = 48 << 10

func TestMemoryStaysFlat(t *testing.T) {
	for _, users := range []int{10_000, 100_000} {
		if got := peak(t, users); got > mostMemory {
			t.Errorf("collecting %d users took %d KiB, want at most %d", users, got, mostMemory)
		}
	}
}
