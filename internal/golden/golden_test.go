package golden_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/golden"
)

// recorder is a test that remembers what it was told.
type recorder struct {
	testing.TB
	said  string
	fatal bool
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { r.said = fmt.Sprintf(format, args...) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.fatal = true
	panic(r)
}

func check(path, got string) (r *recorder) {
	r = &recorder{}
	defer func() {
		if p := recover(); p != nil && p != any(r) {
			panic(p)
		}
	}()
	golden.Check(r, path, []byte(got))
	return r
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.txt")
	if err := os.WriteFile(path, []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := check(path, "one\ntwo\n"); got.said != "" {
		t.Errorf("equal content fails: %s", got.said)
	}
	if got := check(path, "one\nthree\n"); !strings.Contains(got.said, "three") || !strings.Contains(got.said, "-update") || got.fatal {
		t.Errorf("different content = %q, want the difference and how to accept it", got.said)
	}
	if got := check(path, strings.Repeat("line\n", 5000)); len(got.said) > 5000 {
		t.Errorf("a long difference has %d bytes", len(got.said))
	}
	if got := check(path+".missing", "x"); !got.fatal || !strings.Contains(got.said, "does not exist") {
		t.Errorf("a missing file = %q, want that it is said", got.said)
	}
}
