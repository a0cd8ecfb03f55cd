package history_test

import (
	"path/filepath"
	"testing"

	"github.com/domicile-audit/domicile/history"
)

// BenchmarkRecord records a first scan of 100,000 findings, and then one of which one in a
// hundred is another.
func BenchmarkRecord(b *testing.B) {
	first, second := encode(b, result(tenantID, day(0), churn(100_000, 0))), encode(b, result(tenantID, day(1), churn(100_000, 1)))
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			store := opened(b, filepath.Join(b.TempDir(), "history.db"))
			record(b, store, first)
		}
	})
	b.Run("churn", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			store := opened(b, filepath.Join(b.TempDir(), "history.db"))
			record(b, store, first)
			b.StartTimer()
			record(b, store, second)
		}
	})
}

func opened(t testing.TB, address string) *history.Store {
	t.Helper()
	store, err := history.OpenOrCreate(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func record(t testing.TB, store *history.Store, result []byte) history.Scan {
	t.Helper()
	scan, recorded, err := store.Record(t.Context(), result, "auditor", day(0))
	if err != nil || !recorded {
		t.Fatalf("Record() = %v, %v, want it recorded", recorded, err)
	}
	return scan
}
