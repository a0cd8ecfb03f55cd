// Package golden compares what a test made with a file that holds what it should make.
//
// The test and the path of the file go in; a failure with the difference comes out. With
// the flag -update the file is written instead. The package is for tests alone.
package golden

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is a flag, so that `go test ./reports -update` rewrites the files on purpose.
var update = flag.Bool("update", false, "rewrite golden files with what the tests made")

// shown is how much of a difference is printed.
const shown = 4000

// Check fails the test if got differs from the golden file at path, which is relative to
// the package under test. With -update it writes the file, and its folder, instead.
func Check(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("golden file %s does not exist; write it with `go test -update` and read it before it is committed", path)
	}
	if err != nil {
		t.Fatalf("reading golden file %s: %v", path, err)
	}
	if bytes.Equal(want, got) {
		return
	}
	diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n"))
	if len(diff) > shown {
		diff = diff[:shown] + "\n… (the rest of the difference is left out)"
	}
	t.Errorf("%s differs (-want +got); if the new output is right, run `go test -update`:\n%s", path, diff)
}

func write(t testing.TB, path string, got []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("making the folder of golden file %s: %v", path, err)
	}
	if err := os.WriteFile(path, got, 0o644); err != nil {
		t.Fatalf("writing golden file %s: %v", path, err)
	}
}

// Updating says whether the tests were asked to rewrite what they compare with.
func Updating() bool { return *update }
