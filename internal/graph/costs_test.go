//go:build unix

package graph_test

import (
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// spent is the CPU that this process has used, and the number of allocations it has made.
func spent() (cpu time.Duration, allocations uint64) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the arguments are valid
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), memory.Mallocs
}

const benchmarkUsers = 100_000

// The 26 users of the simulated tenant's file come on top of the generated ones.
func benchmarkCollecting(b *testing.B, plain bool, once func(at simulated) error, at simulated) {
	b.Helper()
	if at.URL == "" {
		at = simulate(b, tenantSize{map[string]int{"users": benchmarkUsers}, plain})
	}
	if err := once(at); err != nil { // the connection and the pools
		b.Fatal(err)
	}
	cpu, allocations := spent()
	for b.Loop() {
		if err := once(at); err != nil {
			b.Fatal(err)
		}
	}
	cpuAfter, allocationsAfter := spent()
	objects := float64(b.N) * benchmarkUsers
	b.ReportMetric(float64(cpuAfter-cpu)/objects, "cpu-ns/object")
	b.ReportMetric(float64(allocationsAfter-allocations)/objects, "allocs/object")
}

// BenchmarkCollectUsers collects 100,000 users; BenchmarkFloor reads, hashes and writes the
// same bytes with nothing around it. Both are measured with compressed answers, as the
// services send them, and without, where what domicile adds weighs most.
func BenchmarkCollectUsers(b *testing.B) {
	for _, plain := range []bool{true, false} {
		b.Run(encoding(plain), func(b *testing.B) {
			dir := filepath.Join(b.TempDir(), "bundle")
			benchmarkCollecting(b, plain, func(at simulated) error {
				_, err := at.collect(b.Context(), dir, []string{"users"})
				return err
			}, simulated{})
		})
	}
}

func BenchmarkFloor(b *testing.B) {
	for _, plain := range []bool{true, false} {
		b.Run(encoding(plain), func(b *testing.B) {
			at := simulate(b, tenantSize{map[string]int{"users": benchmarkUsers}, plain})
			client, token := at.client(b)
			defer client.CloseIdleConnections()
			file := filepath.Join(b.TempDir(), "users.ndjson")
			benchmarkCollecting(b, plain, func(at simulated) error {
				_, err := at.floor(b.Context(), client, token, file)
				return err
			}, at)
		})
	}
}

func encoding(plain bool) string {
	if plain {
		return "identity"
	}
	return "gzip"
}
