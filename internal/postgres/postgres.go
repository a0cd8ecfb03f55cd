//go:build unix

// Package postgres starts PostgreSQL servers for tests, on loopback, each with a folder of
// its own. A test is skipped where PostgreSQL isn't installed.
package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Server is a server that a test started. Nothing that it holds outlasts a crash of the
// machine.
type Server struct {
	// Port is where it listens on loopback.
	Port int

	dir       string
	as        *syscall.SysProcAttr
	running   *exec.Cmd
	said      bytes.Buffer
	databases atomic.Int32
}

// Start starts a server and stops it when the test ends. PostgreSQL refuses root, for whom it
// runs as the user postgres.
func Start(t testing.TB) *Server {
	t.Helper()
	initdb := program(t, "initdb")
	dir, err := os.MkdirTemp("", "domicile-postgres-") //nolint:usetesting // t.TempDir lies where only its owner can go, which is not PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s := &Server{Port: freePort(t), dir: dir}
	if os.Getuid() == 0 {
		account, err := user.Lookup("postgres")
		if err != nil {
			t.Skipf("PostgreSQL doesn't run as root: %v", err)
		}
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(errUID, errGID, os.Chown(dir, int(uid), int(gid))); err != nil {
			t.Fatal(err)
		}
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	prepare := exec.CommandContext(t.Context(), initdb, "--pgdata", s.data(), "--username", "auditor", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
	prepare.Dir, prepare.SysProcAttr = dir, s.as
	if said, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, said)
	}
	s.Resume(t)
	t.Cleanup(func() { s.Stop(t) })
	return s
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Resume starts the server again after Stop, and waits until it answers.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	// The test's context is done before its clean-ups, which stop the server.
	s.running = exec.CommandContext(context.Background(), program(t, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.Port), "-h", "127.0.0.1", "-k", s.dir, "-c", "fsync=off")
	s.running.Dir, s.running.SysProcAttr, s.running.Stdout, s.running.Stderr = s.dir, s.as, &s.said, &s.said
	if err := s.running.Start(); err != nil {
		t.Fatal(err)
	}
	ready := program(t, "pg_isready")
	for range 300 {
		if exec.CommandContext(t.Context(), ready, "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port)).Run() == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("PostgreSQL doesn't answer")
}

// Stop stops the server, whoever is connected.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	_ = s.running.Process.Signal(syscall.SIGINT) // PostgreSQL's fast shutdown
	if err := s.running.Wait(); err != nil {
		t.Errorf("stopping PostgreSQL: %v: %s", err, s.said.String())
	}
}

// Database makes an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	command := exec.CommandContext(t.Context(), program(t, "psql"), "--no-psqlrc", "--quiet", s.Address("postgres"), "-c", "CREATE DATABASE "+name)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("creating database %s: %v: %s", name, err, said)
	}
	return s.Address(name)
}

// Address is that of a database of the server.
func (s *Server) Address(database string) string {
	return fmt.Sprintf("postgres://auditor@127.0.0.1:%d/%s?sslmode=disable", s.Port, database)
}

// program finds a program of PostgreSQL's, which Debian keeps in a folder for each version.
func program(t testing.TB, name string) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	slices.Sort(found)
	if path, err := exec.LookPath(name); err == nil && len(found) == 0 {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Skipf("there is no %s here: install the package postgresql", name)
	}
	return found[len(found)-1]
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
