//go:build integration

package history_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/history"
)

// TestPostgreSQL runs the suite on a server of its own.
func TestPostgreSQL(t *testing.T) {
	server := startPostgres(t)
	suite(t, server.database)
}

// postgres is a server that a test started, on loopback, with a folder of its own.
type postgres struct {
	port      int
	databases atomic.Int32
}

// database makes an empty database and returns its address.
func (p *postgres) database(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("history_%d", p.databases.Add(1))
	p.run(t, "CREATE DATABASE "+name)
	return p.address(name)
}

func (p *postgres) address(database string) string {
	return fmt.Sprintf("postgres://auditor@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

func (p *postgres) run(t *testing.T, statement string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), postgresProgram(t, "psql"), "--no-psqlrc", "--quiet", p.address("postgres"), "-c", statement)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", statement, err, said)
	}
}

// postgresProgram finds a program of PostgreSQL's, which Debian keeps in a folder for each
// version.
func postgresProgram(t *testing.T, name string) string {
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

// startPostgres starts a server and stops it when the test ends. It refuses root, for
// which it runs as the user postgres.
func startPostgres(t *testing.T) *postgres {
	t.Helper()
	initdb, server := postgresProgram(t, "initdb"), postgresProgram(t, "postgres")
	dir, err := os.MkdirTemp("", "domicile-postgres-") //nolint:usetesting // t.TempDir lies where only its owner can go, which is not PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		account, err := user.Lookup("postgres")
		if err != nil {
			t.Skipf("PostgreSQL doesn't run as root: %v", err)
		}
		uid, _ := strconv.Atoi(account.Uid)
		gid, _ := strconv.Atoi(account.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	data := filepath.Join(dir, "data")
	prepare := exec.CommandContext(t.Context(), initdb, "--pgdata", data, "--username", "auditor", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
	prepare.Dir, prepare.SysProcAttr = dir, as
	if said, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, said)
	}
	p := &postgres{port: freePort(t)}
	var said bytes.Buffer
	// The test's context is done before its clean-ups, which stop the server.
	command := exec.CommandContext(context.Background(), server, "-D", data, "-p", strconv.Itoa(p.port), "-h", "127.0.0.1", "-k", dir, "-c", "fsync=off")
	command.Dir, command.SysProcAttr, command.Stdout, command.Stderr = dir, as, &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGINT) // PostgreSQL's fast shutdown
		if err := command.Wait(); err != nil {
			t.Errorf("stopping PostgreSQL: %v: %s", err, said.String())
		}
	})
	ready := postgresProgram(t, "pg_isready")
	for range 300 {
		if exec.CommandContext(t.Context(), ready, "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(p.port)).Run() == nil {
			return p
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("PostgreSQL doesn't answer")
	return nil
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestPostgreSQLRefuses: a server that isn't there, or a database that isn't, is an error
// that names it.
func TestPostgreSQLRefuses(t *testing.T) {
	server := startPostgres(t)
	for _, address := range []string{server.address("none"), strings.Replace(server.address("postgres"), strconv.Itoa(server.port), "1", 1)} {
		if _, err := history.OpenOrCreate(t.Context(), address); err == nil || !strings.Contains(err.Error(), history.Shown(address)) {
			t.Errorf("opening %s = %v, want an error that names it", address, err)
		}
	}
}
