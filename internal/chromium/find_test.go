package chromium_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/chromium"
)

// program writes a program to a folder: what a browser is to Find.
func program(t *testing.T, folder, name, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("left out: a shell script is no program here")
	}
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func variables(set map[string]string) func(string) string {
	return func(name string) string { return set[name] }
}

func TestFind(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	chrome := program(t, first, "google-chrome", "")
	edge := program(t, second, "msedge", "")
	named := program(t, t.TempDir(), "my-browser", "")
	path := first + string(filepath.ListSeparator) + second
	tests := []struct {
		name string
		set  map[string]string
		want string
	}{
		{"on the PATH", map[string]string{"PATH": path}, chrome},
		{"further back on the PATH", map[string]string{"PATH": t.TempDir() + string(filepath.ListSeparator) + second}, edge},
		{"named", map[string]string{"PATH": path, "CHROME_PATH": named}, named},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			browser, err := chromium.Find(variables(tt.set))
			if err != nil || browser.Program() != tt.want {
				t.Errorf("Find() = %v, %v, want %s", browser.Program(), err, tt.want)
			}
		})
	}
}

// A browser that is named and isn't there is not replaced by another.
func TestFindSaysThatThereIsNone(t *testing.T) {
	_, err := chromium.Find(variables(map[string]string{"CHROME_PATH": filepath.Join(t.TempDir(), "gone"), "PATH": os.Getenv("PATH")}))
	if !errors.Is(err, chromium.ErrNotFound) || !strings.Contains(err.Error(), "CHROME_PATH") {
		t.Errorf("Find() = %v, want ErrNotFound and the variable named", err)
	}
}

func TestCandidates(t *testing.T) {
	set := variables(map[string]string{
		"PATH": strings.Join([]string{"/bin", ".", "bin"}, string(filepath.ListSeparator)), "ProgramFiles": `C:\Program Files`,
	})
	tests := []struct{ system, want string }{
		{"linux", "/bin/chromium"},
		{"darwin", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"},
		{"windows", `C:\Program Files\Microsoft\Edge\Application\msedge.exe`},
	}
	for _, tt := range tests {
		found := chromium.Candidates(tt.system, set)
		if !slices.Contains(found, tt.want) {
			t.Errorf("Candidates(%s) = %q, want %s among them", tt.system, found, tt.want)
		}
		for _, path := range found {
			if strings.HasPrefix(path, ".") || strings.HasPrefix(path, "bin") {
				t.Errorf("Candidates(%s) has %s, which lies in the working folder", tt.system, path)
			}
		}
	}
}

// What a browser says when it fails is passed on, and its folder doesn't stay.
func TestPrintPassesOnWhatTheBrowserSays(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	browser, err := chromium.Find(variables(map[string]string{"CHROME_PATH": program(t, t.TempDir(), "broken", `echo '[12:34:FATAL:zygote.cc:1] No usable sandbox!' >&2; exit 1`)}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = browser.Print(t.Context(), []byte("<p>page</p>"), time.Time{})
	if !errors.Is(err, chromium.ErrNoPDF) || !strings.HasSuffix(err.Error(), "it gave no PDF: No usable sandbox! (exit status 1)") {
		t.Errorf("Print() = %v, want what the browser said", err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("what is left behind: %v, %v", left, err)
	}
}

// The browser sees nothing of the environment, which may hold secrets, but the PATH.
func TestPrintKeepsTheEnvironmentToItself(t *testing.T) {
	t.Setenv("CONTOSO_SECRET", "hunter2")
	seen := filepath.Join(t.TempDir(), "seen")
	spy := program(t, t.TempDir(), "spy", `env > '`+seen+`'; for a; do case $a in --print-to-pdf=*) printf '%%PDF-1.4 /CreationDate (D:19990101000000+01%s00%s)' "'" "'" > "${a#*=}";; esac; done`)
	browser, err := chromium.Find(variables(map[string]string{"CHROME_PATH": spy, "PATH": os.Getenv("PATH")}))
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := browser.Print(t.Context(), []byte("<p>page</p>"), time.Date(2026, 11, 20, 7, 0, 0, 0, time.FixedZone("CET", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "%PDF-1.4 /CreationDate (D:20261120060000+00'00')"; string(pdf) != want {
		t.Errorf("Print() = %s, want %s", pdf, want)
	}
	environment, err := os.ReadFile(seen)
	if err != nil || strings.Contains(string(environment), "hunter2") || !strings.Contains(string(environment), "HOME=") {
		t.Errorf("the browser's environment: %s, %v", environment, err)
	}
}
