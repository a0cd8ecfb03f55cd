package evidence

import (
	"runtime"
	"strconv"
	"testing"
)

func TestSeenKnowsEveryObjectOnce(t *testing.T) {
	const objects = 300_000
	s := newSeen()
	for round, want := range []bool{true, false} {
		for i := range objects {
			if got := s.add([]byte(`{"id":"` + strconv.Itoa(i) + `"}`)); got != want {
				t.Fatalf("round %d: add(%d) = %v, want %v", round, i, got, want)
			}
		}
	}
}

func TestSeenStaysSmall(t *testing.T) {
	const objects = 1_000_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newSeen()
	var object []byte
	for i := range objects {
		object = strconv.AppendInt(object[:0], int64(i), 10)
		s.add(object)
	}
	runtime.ReadMemStats(&after)
	if each := float64(after.TotalAlloc-before.TotalAlloc) / objects; each > 14 {
		t.Errorf("%.1f bytes an object were allocated in all, want at most 14", each)
	}
	if s.add([]byte("1")) {
		t.Error("an object is new a second time")
	}
}
