package history_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/history"
)

// recorderAddress makes the test's program record scans, from the one of the number
// recorderFrom to before that of recorderTo, and write the digest of each when it is recorded.
const (
	recorderAddress = "HISTORY_TEST_ADDRESS"
	recorderFrom    = "HISTORY_TEST_FROM"
	recorderTo      = "HISTORY_TEST_TO"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(recorderAddress); address != "" {
		from, _ := strconv.Atoi(os.Getenv(recorderFrom))
		to, _ := strconv.Atoi(os.Getenv(recorderTo))
		if err := recordAll(address, from, to); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// recorder is a process that records the scans of the numbers from one to before another.
func recorder(t *testing.T, address string, from, to int) *exec.Cmd {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), recorderAddress+"="+address, recorderFrom+"="+strconv.Itoa(from), recorderTo+"="+strconv.Itoa(to))
	child.Stderr = os.Stderr
	return child
}

func crashDocument(t testing.TB, n int) []byte {
	t.Helper()
	return encode(t, result(tenantID, day(n), churn(2000, n)))
}

func recordAll(address string, from, to int) error {
	for n := from; n < to; n++ {
		store, err := history.OpenOrCreate(context.Background(), address)
		if err != nil {
			return err
		}
		document := crashDocument(&testing.B{}, n)
		if _, _, err := store.Record(context.Background(), document, "auditor", day(n)); err != nil {
			return err
		}
		sum := sha256.Sum256(document)
		fmt.Println(n, hex.EncodeToString(sum[:]))
		if err := store.Close(); err != nil {
			return err
		}
	}
	return nil
}

// testCrash kills a process that records, thirty times: each time the store opens again, it
// has all scans that were recorded, and each is whole.
func testCrash(t *testing.T, address string) {
	t.Helper()
	promised := map[string]bool{}
	next := 0
	for range 30 {
		child := recorder(t, address, next, math.MaxInt)
		said, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		began, doomed := time.Now(), false
		for lines := bufio.NewScanner(said); lines.Scan(); {
			var digest string
			if read, _ := fmt.Sscan(lines.Text(), &next, &digest); read == 2 && len(digest) == 64 {
				promised[digest] = true
				next++
			}
			if !doomed { // within about the time that the next scan takes
				doomed = true
				time.AfterFunc(rand.N(time.Since(began)), func() { _ = child.Process.Kill() })
			}
		}
		_ = child.Wait() // it was killed
		next = holdsPromises(t, address, promised, next)
	}
	if len(promised) < 30 {
		t.Errorf("%d scans were recorded before thirty crashes, want one before each at least", len(promised))
	}
	holdsAll(t, address)
}

// testProcesses records from two processes at once, which begin the history together and
// record a third of the scans both: each scan is there once, and whole.
func testProcesses(t *testing.T, address string) {
	t.Helper()
	const scans = 18
	runAll(t, recorder(t, address, 0, 12), recorder(t, address, 6, scans))
	store := opened(t, address)
	all, err := store.List(t.Context(), "")
	if err != nil || len(all) != scans {
		t.Fatalf("List() = %d scans, %v, want %d", len(all), err, scans)
	}
	holdsAll(t, address)
}

// testPruningMeanwhile prunes while two processes record: what is left is whole, and the
// latest scan is there.
func testPruningMeanwhile(t *testing.T, address string) {
	t.Helper()
	const scans, keep = 10, 3
	store := opened(t, address)
	record(t, store, crashDocument(t, 0))
	ended, forgot := make(chan struct{}), 0
	go func() {
		defer close(ended)
		runAll(t, recorder(t, address, 1, scans/2), recorder(t, address, scans/2, scans))
	}()
	for recording := true; recording; {
		select {
		case <-ended:
			recording = false
		case <-time.After(20 * time.Millisecond): // so that they get their turns
		}
		pruned, err := store.Prune(t.Context(), history.Retention{Keep: keep}, false)
		if err != nil {
			t.Fatalf("Prune() while others record = %v", err)
		}
		forgot += len(pruned.Scans)
	}
	left, err := store.List(t.Context(), "")
	if err != nil || len(left) != keep || !left[0].Started.Equal(day(scans-1)) {
		t.Fatalf("List() = %+v, %v, want the latest %d scans that were not forgotten before", left, err, keep)
	}
	if forgot < scans-keep {
		t.Errorf("%d scans were forgotten, want %d at least", forgot, scans-keep)
	}
	for _, scan := range left {
		n := int(scan.Started.Sub(day(0)) / day(1).Sub(day(0)))
		holds(t, store, scan, crashDocument(t, n))
	}
}

// runAll runs processes at once, until all have ended well.
func runAll(t *testing.T, children ...*exec.Cmd) {
	t.Helper()
	var group sync.WaitGroup
	for _, child := range children {
		group.Go(func() {
			if err := child.Run(); err != nil {
				t.Errorf("a process that records = %v", err)
			}
		})
	}
	group.Wait()
}

// holdsPromises opens a store and checks that each scan that is promised is there, and at
// most one more, which was recorded and not told. It returns the number of the next scan.
func holdsPromises(t *testing.T, address string, promised map[string]bool, next int) int {
	t.Helper()
	store, err := history.OpenOrCreate(t.Context(), address)
	if err != nil {
		t.Fatalf("the store doesn't open after a crash: %v", err)
	}
	defer store.Close()
	scans, err := store.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, scan := range scans {
		there[scan.Digest] = true
	}
	for digest := range promised {
		if !there[digest] {
			t.Errorf("the scan %s was recorded and is lost", digest)
		}
	}
	if len(scans) > next+1 {
		t.Errorf("%d scans are there, and %d were begun", len(scans), next+1)
	}
	for _, scan := range scans[:min(2, len(scans))] {
		if _, err := store.Result(t.Context(), scan); err != nil {
			t.Error(err)
		}
	}
	for _, scan := range scans {
		promised[scan.Digest] = true
	}
	return len(scans)
}

// holdsAll checks that each scan of a store is the one of its number.
func holdsAll(t *testing.T, address string) {
	t.Helper()
	store := opened(t, address)
	scans, err := store.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, scan := range scans {
		holds(t, store, scan, crashDocument(t, len(scans)-1-i))
	}
	t.Logf("%d scans are whole", len(scans))
}
