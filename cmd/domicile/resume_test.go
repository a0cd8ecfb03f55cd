package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// paged are the kinds of the test's tenant that have many pages, with what tells their
// requests from others'.
var paged = map[string]struct{ path, top string }{
	"users":                    {"/v1.0/users", "999"},
	"sign_in_activity":         {"/v1.0/users", "500"},
	"groups":                   {"/v1.0/groups", ""},
	"service_principals":       {"/v1.0/servicePrincipals", ""},
	"oauth2_permission_grants": {"/v1.0/oauth2PermissionGrants", ""},
	"sites":                    {"/v1.0/sites/getAllSites()", ""},
}

// kindOf is the kind of which a URL is a page, if it is one of paged.
func kindOf(raw string) string {
	at, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	for kind, of := range paged {
		if at.Path == of.path && (of.top == "" || at.Query().Get("$top") == of.top) {
			return kind
		}
	}
	return ""
}

// crowd is a simulated tenant of many small pages in the test's process, which notes
// what it is asked and takes its time.
type crowd struct {
	config string
	mu     sync.Mutex
	asked  []string
	notify func(n int)
}

func (c *crowd) before(r *http.Request) {
	time.Sleep(2 * time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.URL.RequestURI())
	c.notify(len(c.asked))
}

// watch forgets what was asked and calls notify with the number of requests since.
func (c *crowd) watch(notify func(n int)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked, c.notify = nil, notify
}

func (c *crowd) urls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	tenants := fstest.MapFS{"crowd/tenant.yaml": {Data: []byte("base: good\n" +
		"pageSizes: {users: 50, groups: 30, servicePrincipals: 25, oauth2PermissionGrants: 40, sites: 30, applications: 1, roleManagement/directory/roleAssignments: 2}\n")}}
	err := fs.WalkDir(domicile.Tenants(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(domicile.Tenants(), path)
		tenants[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := simulator.Load(tenants, "crowd", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := simulator.Generate(tenant, map[string]int{"users": 2000, "groups": 900, "servicePrincipals": 700, "grants": 1500, "sites": 800}); err != nil {
		t.Fatal(err)
	}
	c := &crowd{config: filepath.Join(t.TempDir(), "domicile.yaml")}
	c.watch(func(int) {})
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Now: at, Before: c.before})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.WriteConfig(filepath.Dir(c.config)); err != nil {
		t.Fatal(err)
	}
	return c
}

// left is what the journal of a bundle says: the kinds that were read whole, and the
// link to go on with of the others.
func left(t *testing.T, dir string) (whole map[string]bool, next map[string]string) {
	t.Helper()
	whole, next = map[string]bool{}, map[string]string{}
	data, err := os.ReadFile(dir + ".journal")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, line := range bytes.SplitAfter(data, []byte("\n")) {
		var r struct {
			Entry struct {
				Kind     string
				Complete bool
			}
			At struct{ Next string }
		}
		if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &r) != nil || r.Entry.Kind == "" {
			continue
		}
		whole[r.Entry.Kind] = r.Entry.Complete
		link, err := url.Parse(r.At.Next)
		if err != nil {
			t.Fatal(err)
		}
		if next[r.Entry.Kind] = link.RequestURI(); r.At.Next == "" {
			delete(next, r.Entry.Kind)
		}
	}
	return whole, next
}

// child starts the program in a process of its own.
func child(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := &exec.Cmd{Path: program, Args: append([]string{"domicile"}, args...), Env: os.Environ(), Stderr: &said}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &said
}

// TestAKilledCollectionGoesOn: a collection that is killed again and again, wherever it
// is, ends with the same evidence as one that never was, and asks for no page twice that
// it had read.
func TestAKilledCollectionGoesOn(t *testing.T) {
	c := newCrowd(t)
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	if code, _, stderr := run1(t, "collect", "--config", c.config, "--now", now, "--out", whole, "--quiet"); code != 0 {
		t.Fatalf("collect ended with %d: %s", code, stderr)
	}
	want, err := evidence.Verify(whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	order, needed := map[string]int{}, len(c.urls())
	for i, asked := range c.urls() {
		order[asked] = i
	}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			out := filepath.Join(dir, fmt.Sprint("killed", round))
			asked, kills := c.killed(t, out, random, order)
			got, err := evidence.Verify(out, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("killed %d times, asked %d times instead of %d", kills, asked, needed)
			if kills < 5 || asked > needed+kills*(6+10) {
				t.Errorf("killed %d times and asked %d times, where %d suffice for a run that isn't killed", kills, asked, needed)
			}
			requests := 0
			for _, entry := range want.Manifest.Kinds {
				requests += entry.Requests
				if other, _ := got.Manifest.Entry(entry.Kind); !cmp.Equal(entry, other) {
					t.Errorf("entry differs (-whole +killed):\n%s", cmp.Diff(entry, other))
				}
			}
			if len(want.Manifest.Kinds) != len(got.Manifest.Kinds) || !cmp.Equal(want.Manifest.Gaps, got.Manifest.Gaps) || !cmp.Equal(want.Manifest.Reader, got.Manifest.Reader) || !got.Manifest.Started.Equal(want.Manifest.Started) {
				t.Error("the manifest's gaps, reader or time differ")
			}
			if resumed := len(got.Manifest.Resumed); resumed == 0 || resumed > kills {
				t.Errorf("the manifest tells of %d resumptions after %d kills", resumed, kills)
			}
			noted, err := os.ReadFile(filepath.Join(out, "requests.ndjson"))
			if lines := bytes.Count(noted, []byte("\n")); err != nil || lines < requests || lines > asked {
				t.Errorf("requests.ndjson has %d lines for %d pages and %d requests: %v", lines, requests, asked, err)
			}
			if _, err := os.Stat(out + ".journal"); !os.IsNotExist(err) {
				t.Errorf("the journal is still there: %v", err)
			}
		})
	}
}

// killed collects into out, killing the program at random moments until it gets through.
// It returns the numbers of requests and of kills.
func (c *crowd) killed(t *testing.T, out string, random *rand.Rand, order map[string]int) (asked, kills int) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	for minute := 0; ; minute++ {
		if minute > 100 {
			t.Fatal("the collection doesn't get on")
		}
		whole, next := left(t, out)
		after, wait := 4+random.IntN(36), time.Duration(random.IntN(4000))*time.Microsecond
		if random.IntN(4) == 0 {
			wait *= 50 // which reaches to the end of a run that has little left to ask
		}
		reached := make(chan struct{})
		c.watch(func(n int) {
			if n == after {
				close(reached)
			}
		})
		later := now
		if _, err := evidence.ReadInterrupted(out); err == nil {
			later = at.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
		}
		cmd, said := child(t, "collect", "--config", c.config, "--now", later, "--out", out, "--quiet", "--resume")
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-reached:
			time.Sleep(wait)
			_ = cmd.Process.Kill() // it may have ended by now
			err = <-ended
		case err = <-ended:
		}
		for kind, link := range next {
			if _, known := order[link]; !known && kindOf(link) != "" {
				t.Errorf("%s goes on at %s, which is no page of the run that wasn't killed", kind, link)
			}
		}
		for _, page := range c.urls() {
			kind := kindOf(page)
			from, begun := order[next[kind]]
			if whole[kind] || begun && order[page] < from {
				t.Errorf("run %d asked again for %s", minute, page)
			}
		}
		asked += len(c.urls())
		if err == nil {
			return asked, kills
		}
		if cmd.ProcessState.Exited() {
			t.Fatalf("run %d ended by itself: %v\n%s", minute, err, said)
		}
		kills++
	}
}

// TestAnInterruptedScanGoesOn: whoever interrupts a scan is told how to go on, and the
// scan that does judges what both runs read.
func TestAnInterruptedScanGoesOn(t *testing.T) {
	c := newCrowd(t)
	out := t.TempDir()
	args := []string{"scan", "--config", c.config, "--now", now, "--out", out, "--quiet", "--resume"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.watch(func(n int) {
		if n == 150 {
			cancel()
		}
	})
	var said bytes.Buffer
	code := Main(ctx, args, Environment{Stdout: io.Discard, Stderr: &said, Getenv: os.Getenv, Now: time.Now})
	if code != exitInterrupted || !strings.Contains(said.String(), "scan or collect with --resume goes on from there") || strings.Contains(said.String(), "canceled") {
		t.Errorf("the scan ended with %d and said %q, want %d and how to go on", code, &said, exitInterrupted)
	}
	if _, err := evidence.ReadInterrupted(filepath.Join(out, "evidence")); err != nil {
		t.Fatal(err)
	}
	first := len(c.urls())
	c.watch(func(int) {})
	if code, _, stderr := run1(t, args...); code != 0 {
		t.Errorf("the scan that goes on ended with %d: %s", code, stderr)
	}
	second := len(c.urls())
	bundle, err := evidence.Verify(filepath.Join(out, "evidence"), nil)
	if err != nil || len(bundle.Manifest.Resumed) != 1 || second > first+120 {
		t.Errorf("%v, %+v; %d requests after %d", err, bundle.Manifest.Resumed, second, first)
	}
}
