//go:build !windows

package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestServeTells: what a scan finds is told once, by the process after the one that was killed
// while the receiver didn't take it; metrics and a trace say that it was scanned; and alerts that
// can't be sent are refused on SIGHUP.
func TestServeTells(t *testing.T) {
	t.Parallel()
	dir := simulated(t, "weak")
	digests := make(chan string, 100)
	var takes atomic.Bool
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takes.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var digest struct{ Title, Message string }
		if data, err := io.ReadAll(r.Body); err == nil && json.Unmarshal(data, &digest) == nil {
			digests <- digest.Title + "\n" + digest.Message
		}
	}))
	defer webhook.Close()
	traced := make(chan int64, 100)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { traced <- r.ContentLength }))
	defer collector.Close()
	variables := []string{
		"ALERT_URL=generic://" + strings.TrimPrefix(webhook.URL, "http://") + "/hunter2?disabletls=yes&template=json",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL,
	}
	file := filepath.Join(dir, "domicile.yaml")
	plain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	configure := func(alert string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(string(plain)+"serve: {schedules: [{cron: '@every 20s'}], alerts: [{name: security, "+alert+"}]}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("url_env: ALERT_URL")

	first := serveIn(t, dir, variables, "--data", "kept", "--listen", "127.0.0.1:0")
	first.await(t, "scan is recorded")
	refused := first.await(t, "a digest can't be sent, and waits")
	if why, _ := refused["error"].(string); why != "the receiver answered 503" {
		t.Errorf("it can't be sent because of %q", why)
	}
	if pause := refused["in"]; pause != "1m0s" {
		t.Errorf("it waits for %v", pause)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()

	takes.Store(true)
	second := serveIn(t, dir, variables, "--data", "kept", "--listen", "127.0.0.1:0")
	url, _ := second.await(t, "listening")["url"].(string)
	told := map[string]string{}
	take := func(digest string) {
		t.Helper()
		_, last, _ := strings.Cut(digest, "\nDigest ")
		key, _, _ := strings.Cut(last, " ")
		if told[key] != "" {
			t.Errorf("it is told again: %s", digest)
		}
		told[key] = digest
	}
	for late := time.After(3 * time.Minute); told["security-weak-1"] == ""; {
		select {
		case digest := <-digests:
			take(digest)
		case <-late:
			t.Fatalf("of the first scan no digest came, but %v", told)
		}
	}
	if digest := told["security-weak-1"]; !strings.Contains(digest, "domicile: weak: ") || !strings.Contains(digest, "New violations (") {
		t.Errorf("the digest is %s", digest)
	}
	second.await(t, "scan is recorded")
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(said), `domicile_tenant_last_success_age_seconds{tenant="weak"}`) || !strings.Contains(string(said), `domicile_collect_objects_total{kind="users"}`) {
		t.Errorf("the metrics are, %v, %s", err, said)
	}

	configure("url_env: NOWHERE")
	if err := second.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if why, _ := second.await(t, "the configuration is refused, and the one before goes on")["error"].(string); !strings.Contains(why, "the address of alert security is missing") {
		t.Errorf("it is refused because of %q", why)
	}
	configure("url_env: ALERT_URL, on: [overdue]")
	if err := second.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	second.await(t, "the configuration was read anew")
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	second.await(t, "ended")
	if err := second.Wait(); err != nil {
		t.Error(err)
	}
	if size := <-traced; size < 1000 {
		t.Errorf("a trace of %d bytes came", size)
	}
	for range len(digests) {
		take(<-digests)
	}
}

// TestStartAndEnd: a hangup while it starts ends nobody, and the configuration is read again once
// the process serves; the service manager is told when it does, and when it ends.
func TestStartAndEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "domicile.yaml")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Skip("this machine has no named pipes: ", err)
	}
	manager, err := new(net.ListenConfig).ListenPacket(t.Context(), "unixgram", filepath.Join(dir, "notify"))
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	told := func(want string) {
		t.Helper()
		said := make([]byte, 100)
		if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if n, _, err := manager.ReadFrom(said); err != nil || string(said[:n]) != want {
			t.Errorf("the service manager is told %q, %v, want %q", said[:n], err, want)
		}
	}
	s := serveIn(t, dir, []string{"NOTIFY_SOCKET=" + filepath.Join(dir, "notify")}, "--data", "kept", "--listen", "127.0.0.1:0")
	pipe, err := os.OpenFile(file, os.O_WRONLY, 0) // until the process reads it
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	const plain = "version: 1\ntenants: [{name: contoso, id: 3f0c1d7e-0000-4000-8000-000000000001, cloud: global, auth: {method: azure_cli}}]\n"
	if err := os.WriteFile(file+".next", []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".next", file); err != nil {
		t.Fatal(err)
	}
	if _, err := pipe.WriteString(plain); err != nil {
		t.Fatal(err)
	}
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	told("READY=1")
	s.await(t, "the configuration was read anew")
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told("STOPPING=1")
	s.await(t, "ended")
}
