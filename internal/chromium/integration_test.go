//go:build integration

package chromium_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/chromium"
)

// installed is the browser of this machine.
func installed(t *testing.T) chromium.Browser {
	t.Helper()
	browser, err := chromium.Find(os.Getenv)
	if err != nil {
		t.Skipf("left out: printing with a real browser: %v", err)
	}
	return browser
}

func TestPrint(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	browser := installed(t)
	page := []byte(`<!doctype html><html lang="en"><title>/CreationDate (D:19990101000000+00'00')</title><h1>Report</h1><p>` + strings.Repeat("words ", 2000) + `</p><h2>Findings</h2>`)
	at := time.Date(2026, 11, 20, 6, 4, 15, 0, time.UTC)
	first, err := browser.Print(t.Context(), page, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/MarkInfo", "/StructTreeRoot", "/Lang (en)", "/Outlines", "/CreationDate (D:20261120060415+00'00')", "/ModDate (D:20261120060415+00'00')", `/Title (/CreationDate \(D:19990101000000+00'00'\))`} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("the PDF lacks %s", want)
		}
	}
	time.Sleep(1100 * time.Millisecond) // a second more, so that the browser's own time of creation differs
	second, err := browser.Print(t.Context(), page, at)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two prints of one page differ")
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("what is left behind: %v, %v", left, err)
	}
}

// A page that tries to reach a server reaches none, by name or by address, whether or not its
// scripts run.
func TestPrintReachesNoNetwork(t *testing.T) {
	var reached atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer server.Close()
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	var page strings.Builder
	for _, host := range []string{server.URL, byName} {
		page.WriteString(`<img src="` + host + `/img"><iframe src="` + host + `/frame"></iframe><link rel="stylesheet" href="` + host + `/css"><script src="` + host + `/js"></script><script>fetch("` + host + `/fetch"); new Image().src = "` + host + `/image"; new WebSocket("` + strings.Replace(host, "http", "ws", 1) + `");</script>`)
	}
	if _, err := installed(t).Print(t.Context(), []byte(page.String()), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the page reached the server %d times", n)
	}
}

// An interruption ends the browser, and leaves nothing of it behind.
func TestPrintStops(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	browser := installed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := browser.Print(ctx, []byte("<script>for (;;);</script>"), time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Print() of an endless page = %v, want %v", err, context.DeadlineExceeded)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("what is left behind: %v, %v", left, err)
	}
}
