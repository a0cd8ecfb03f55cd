package history_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/history"
)

// recorderAddress and recorderFrom make the test's program record scans without end, from
// one of a number, and write the digest of each when it is recorded.
const (
	recorderAddress = "HISTORY_TEST_ADDRESS"
	recorderFrom    = "HISTORY_TEST_FROM"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(recorderAddress); address != "" {
		from, _ := strconv.Atoi(os.Getenv(recorderFrom))
		fmt.Fprintln(os.Stderr, recordAll(address, from))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func crashDocument(t testing.TB, n int) []byte {
	t.Helper()
	return encode(t, result(tenantID, day(n), churn(2000, n)))
}

func recordAll(address string, from int) error {
	for n := from; ; n++ {
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
}

// testCrash kills a process that records, thirty times: each time the store opens again, it
// has all scans that were recorded, and each is whole.
func testCrash(t *testing.T, address string) {
	t.Helper()
	promised := map[string]bool{}
	next := 0
	for range 30 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), recorderAddress+"="+address, recorderFrom+"="+strconv.Itoa(next))
		child.Stderr = os.Stderr
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
	t.Logf("%d scans outlasted 30 crashes", len(scans))
}
