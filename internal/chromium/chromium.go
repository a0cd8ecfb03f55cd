// Package chromium prints a page as PDF with the Chromium, Chrome or Edge that is installed.
//
// A page goes in and the bytes of a tagged PDF with an outline come out. The page is taken
// for hostile: the browser has its sandbox, an empty profile, none of the caller's
// environment, no name that resolves and no time to spare, and nothing of it stays behind.
package chromium

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// patience is how long a browser may take over one page.
const patience = 3 * time.Minute

// Browser is a program to print with, and the PATH that it is started with.
type Browser struct{ program, path string }

// ErrNoPDF says that the browser ran and made no PDF: it found no sandbox, it may not read
// temporary files, or it is no browser.
var ErrNoPDF = errors.New("it gave no PDF")

// Print prints an HTML page as PDF. The PDF says that it was created at a time that is
// given, so that one browser makes equal bytes of equal pages.
func (b Browser) Print(ctx context.Context, page []byte, created time.Time) (pdf []byte, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took longer than %s", patience))
	defer cancel()
	folder, err := os.MkdirTemp("", "domicile-print-")
	if err != nil {
		return nil, fmt.Errorf("printing a page: %w", err)
	}
	defer func() { err = errors.Join(err, remove(folder)) }()
	source, target := filepath.Join(folder, "page.html"), filepath.Join(folder, "page.pdf")
	if err := os.WriteFile(source, page, 0o600); err != nil {
		return nil, fmt.Errorf("printing a page: %w", err)
	}
	browser := exec.CommandContext(ctx, b.program, arguments(folder, source, target)...) //nolint:gosec // G204: the user's own browser
	browser.Env = []string{"PATH=" + b.path, "HOME=" + folder, "TMPDIR=" + folder, "TMP=" + folder, "TEMP=" + folder, "LANG=C.UTF-8"}
	browser.Dir = folder
	// The browser's children may hold on to its output for a moment after its end.
	browser.WaitDelay = 5 * time.Second
	said, ran := browser.CombinedOutput()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("printing a page with %s: %w", b.program, context.Cause(ctx))
	}
	pdf, err = os.ReadFile(target)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return nil, fmt.Errorf("printing a page with %s: %w: %s", b.program, ErrNoPDF, reason(said, ran))
	}
	return dated(pdf, created), nil
}

// arguments make a browser print one file and end.
func arguments(folder, source, target string) []string {
	path := filepath.ToSlash(source)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive's letter
	}
	page := url.URL{Scheme: "file", Path: path}
	list := []string{
		"--headless", "--user-data-dir=" + filepath.Join(folder, "profile"),
		"--no-first-run", "--no-default-browser-check", "--disable-default-apps", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--disable-gpu", "--disable-dev-shm-usage",
		"--no-pdf-header-footer", "--generate-pdf-document-outline", "--print-to-pdf=" + target,
	}
	if os.Geteuid() == 0 {
		list = append(list, "--no-sandbox") // Chromium refuses to set one up for root
	}
	return append(list, page.String())
}

// reason is the last thing that a browser said, without the time and place in its source.
func reason(said []byte, ran error) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	last := lines[len(lines)-1]
	if _, text, found := strings.Cut(last, "] "); found {
		last = text
	}
	if ran != nil {
		last = strings.TrimSpace(last + " (" + ran.Error() + ")")
	}
	return cmp.Or(last, "it said nothing")
}

// remove deletes the browser's folder, into which a process of it that is about to end may
// still write.
func remove(folder string) error {
	var err error
	for range 20 {
		if err = os.RemoveAll(folder); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// dates are the times in a PDF's information dictionary, as Chromium writes them. In a
// string of the tenant's the parenthesis would be escaped.
var dates = regexp.MustCompile(`/(CreationDate|ModDate) \(D:\d{14}[+-]\d\d'\d\d'\)`)

// dated returns a PDF with another time of creation, of the same length, so that the
// offsets in it stay right.
func dated(pdf []byte, created time.Time) []byte {
	return dates.ReplaceAll(pdf, []byte("/${1} (D:"+created.UTC().Format("20060102150405")+"+00'00')"))
}
