package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// served is a process that serves, and what it logs.
type served struct {
	*exec.Cmd
	lines chan map[string]any
}

// await waits for a line of the log with a message.
func (s *served) await(t *testing.T, message string) map[string]any {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		select {
		case line, more := <-s.lines:
			if !more {
				t.Fatalf("it ended without %q", message)
			}
			if line["msg"] == message {
				return line
			}
		case <-late:
			t.Fatalf("it never said %q", message)
		}
	}
}

// serveIn starts serve in a folder, with variables such as "KEY=text" besides those of the tests.
func serveIn(t *testing.T, dir string, variables []string, args ...string) *served {
	t.Helper()
	s := &served{Cmd: exec.CommandContext(t.Context(), "domicile", append([]string{"serve", "--log", "json"}, args...)...), lines: make(chan map[string]any, 1000)}
	s.Dir, s.Env = dir, append(os.Environ(), variables...)
	said, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Process.Kill() })
	go func() {
		defer close(s.lines)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			line := map[string]any{}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				line["msg"] = lines.Text()
			}
			s.lines <- line
		}
	}()
	return s
}

// simulated starts a simulated tenant and returns the folder of the configuration that leads to it.
func simulated(t *testing.T, name string) (dir string) {
	t.Helper()
	tenant, err := simulator.Load(domicile.Tenants(), name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestServe: a schedule is followed, the configuration is reread on SIGHUP and refused where it
// is wrong, the process says that it is ready, and it ends with 0 on SIGTERM with all that it
// scanned recorded.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := simulated(t, "good")
	file := filepath.Join(dir, "domicile.yaml")
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(serve string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(string(plain)+serve), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := serveIn(t, dir, nil, "--data", "kept", "--listen", "127.0.0.1:0")
	s.await(t, "no schedule (serve.schedules) has these tenants: they are scanned when somebody asks for it")
	url, _ := s.await(t, "listening")["url"].(string)
	get := func(path string) (int, string) {
		t.Helper()
		answer, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	for path, want := range map[string]int{"/": 200, "/healthz": 200, "/readyz": 200, "/nowhere": 404} {
		if code, body := get(path); code != want {
			t.Errorf("GET %s = %d %s, want %d", path, code, body, want)
		}
	}

	write("serve: {schedules: [{cron: 61 * * * *}]}\n")
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	refused := s.await(t, "the configuration is refused, and the one before goes on")
	if why, _ := refused["error"].(string); !strings.Contains(why, "serve.schedules[0]") {
		t.Errorf("it is refused because of %q", why)
	}
	write("serve: {schedules: [{cron: \"@every 1s\"}]}\n")
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await(t, "the configuration was read anew")
	recorded := s.await(t, "scan is recorded")
	if recorded["tenant"] != "good" || recorded["job"] == nil || recorded["scan"] == nil {
		t.Errorf("the log says %v, want the tenant, the job and the scan", recorded)
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(t, "ended")
	if err := s.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for path, want := range map[string]os.FileMode{"kept": 0o700, "kept/" + fleet.DatabaseFile: 0o600} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has %v, %v, want %o", path, info.Mode(), err, want)
		}
	}
	store, err := history.Open(t.Context(), filepath.Join(dir, "kept", fleet.DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if scans, err := store.List(t.Context(), ""); err != nil || len(scans) == 0 {
		t.Errorf("the history has %d scans, %v", len(scans), err)
	}
}

// TestHangupWhileEnding: a SIGHUP while the last scans end ends nothing, and the scan that was
// running is recorded.
func TestHangupWhileEnding(t *testing.T) {
	t.Parallel()
	tenant, err := simulator.Load(domicile.Tenants(), "good", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	read, release := make(chan struct{}), make(chan struct{})
	reading := sync.OnceFunc(func() { close(read) })
	server, err := simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Before: func(*http.Request) {
		reading()
		<-release
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "domicile.yaml")
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(string(plain)+"serve: {schedules: [{cron: \"@every 1s\"}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveIn(t, dir, nil, "--role", "worker")
	s.await(t, "scan begins")
	<-read
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(t, "ending: no further scan is begun, and those that are running have time")
	for range 3 {
		if err := s.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	s.await(t, "scan is recorded")
	s.await(t, "ended")
	if err := s.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestEndsBeforeItBegins: told to end while it waits for another process that prepares the database,
// it ends without a complaint.
func TestEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "domicile.yaml"), []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := serveIn(t, dir, nil, "--listen", "127.0.0.1:0")
	first.await(t, "listening")
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	first.await(t, "ended")
	store, err := history.Open(t.Context(), filepath.Join(dir, "data", fleet.DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Database().ExecContext(t.Context(), "INSERT INTO fleet_leases (name, holder, until) VALUES ('migration', 'another', ?)", time.Now().Add(time.Minute).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	s := serveIn(t, dir, nil, "--role", "worker")
	s.await(t, "waiting for another process that prepares the database, or was killed while it did")
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for line := range s.lines {
		t.Errorf("it says %v", line)
	}
	if err := s.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestABadTenantFile: at the start a tenant whose file is wrong is left out, and said, and the others are
// scanned; while it runs a configuration with such a file is refused until the file is mended.
func TestABadTenantFile(t *testing.T) {
	t.Parallel()
	dir := simulated(t, "good")
	file := filepath.Join(dir, "domicile.yaml")
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, good, found := strings.Cut(string(plain), "\ntenants:\n")
	if !found {
		t.Fatalf("the configuration has no tenants: %s", plain)
	}
	const bad = "- {name: bad, id: 3f0c1d7e-0000-4000-8000-00000000000b, cloud: global, auth: {method: %s}}\n"
	for path, text := range map[string]string{
		file:                                   head + "\ntenants_from: [\"*.tenant.yaml\"]\nserve: {schedules: [{cron: \"@every 1s\", tenants: [good]}]}\n",
		filepath.Join(dir, "good.tenant.yaml"): good, filepath.Join(dir, "bad.tenant.yaml"): fmt.Sprintf(bad, "guesswork"), filepath.Join(dir, "torn.tenant.yaml"): "- {name: torn, id",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hangUp := func(s *served) {
		t.Helper()
		if err := s.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	s := serveIn(t, dir, nil, "--role", "worker")
	for _, want := range []string{"bad.tenant.yaml:1: ", "torn.tenant.yaml: "} {
		if why, _ := s.await(t, "a tenant is left out")["error"].(string); !strings.Contains(why, want) {
			t.Errorf("a tenant is left out because of %q, want %s", why, want)
		}
	}
	if known := s.await(t, "these tenants are watched"); known["tenants"] != 1.0 {
		t.Errorf("the log says %v, want one tenant", known)
	}
	if recorded := s.await(t, "scan is recorded"); recorded["tenant"] != "good" {
		t.Errorf("the log says %v, want a scan of the good tenant", recorded)
	}
	hangUp(s)
	why, _ := s.await(t, "the configuration is refused, and the one before goes on")["error"].(string)
	if !strings.Contains(why, "bad.tenant.yaml:1: ") || !strings.Contains(why, "torn.tenant.yaml: ") {
		t.Errorf("it is refused because of %q", why)
	}
	s.await(t, "scan is recorded")
	if err := errors.Join(os.Remove(filepath.Join(dir, "torn.tenant.yaml")), os.WriteFile(filepath.Join(dir, "bad.tenant.yaml"), fmt.Appendf(nil, bad, "azure_cli"), 0o600)); err != nil {
		t.Fatal(err)
	}
	hangUp(s)
	if known := s.await(t, "these tenants are watched"); known["tenants"] != 2.0 {
		t.Errorf("the log says %v, want two tenants", known)
	}
	if err := os.Remove(filepath.Join(dir, "bad.tenant.yaml")); err != nil {
		t.Fatal(err)
	}
	hangUp(s)
	if gone := s.await(t, "tenants are in the configuration no longer"); gone["names"] != "bad" {
		t.Errorf("the log says %v, want that the tenant is gone", gone)
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await(t, "ended")
}
