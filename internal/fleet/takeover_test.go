//go:build unix

package fleet_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// The variables that make the test's program a worker: its name, patterns of the folders of the
// configurations of its tenants, the data folder, the database, how long it drains, how
// many tenants it scans at a time, and how long it may say nothing.
const (
	workerName     = "FLEET_TEST_WORKER"
	workerConfigs  = "FLEET_TEST_CONFIGS"
	workerData     = "FLEET_TEST_DATA"
	workerDatabase = "FLEET_TEST_DATABASE"
	workerDrain    = "FLEET_TEST_DRAIN"
	workerScans    = "FLEET_TEST_SCANS"
	workerTerm     = "FLEET_TEST_TERM"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerName) != "" {
		if err := beWorker(); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beWorker scans until the process is told to end.
func beWorker() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var tenants []*watched
	for _, pattern := range filepath.SplitList(os.Getenv(workerConfigs)) {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			cfg, err := config.Read(filepath.Join(dir, config.FileName))
			if err != nil {
				return err
			}
			tenants = append(tenants, &watched{config: cfg})
		}
	}
	cfg := joined(tenants...)
	cfg.Serve.Database = os.Getenv(workerDatabase)
	cfg.Serve.Scans, _ = strconv.Atoi(os.Getenv(workerScans))
	o := optionsOf(os.Getenv(workerData), cfg, os.Stderr)
	o.Name = os.Getenv(workerName)
	o.Drain, _ = time.ParseDuration(os.Getenv(workerDrain))
	if term, err := time.ParseDuration(os.Getenv(workerTerm)); err == nil {
		o.Term = term
	}
	f, err := fleet.Open(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(f.Run(ctx), f.Close())
}

// place is where fleets of a test keep what they have, and what they scan.
type place struct {
	data, database string
	configs        []string
}

// worker starts a process that scans.
func (p place) worker(t testing.TB, name string, env ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), workerName+"="+name, workerData+"="+p.data, workerDatabase+"="+p.database, workerConfigs+"="+strings.Join(p.configs, string(filepath.ListSeparator)))
	command.Env = append(command.Env, env...)
	command.Stderr = &testWriter{t: t}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it has ended where the test went well
		_ = command.Wait()
	})
	return command
}

// observer opens the fleet to ask for scans and to watch them, and makes none.
func (p place) observer(t testing.TB, tenants ...*watched) *fleet.Fleet {
	t.Helper()
	cfg := joined(tenants...)
	cfg.Serve.Database = p.database
	f, err := fleet.Open(t.Context(), options(t, p.data, cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// pause stops a process, and not while it holds the one lock that SQLite has: nobody could take
// anything over then.
func pause(t *testing.T, f *fleet.Fleet, tenant *watched, process *os.Process) {
	t.Helper()
	signal := func(what os.Signal) {
		if err := process.Signal(what); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the process is paused", func() bool {
		signal(syscall.SIGSTOP)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := f.Start(ctx, tenant.config.Tenants[0].Name, "test"); errors.Is(err, fleet.ErrUnderWay) {
			return true // and the question took the lock
		}
		signal(syscall.SIGCONT)
		return false
	})
}

// takeovers are the ways in which a worker ends, or seems to, in a database that the function
// makes.
func takeovers(t *testing.T, database func(*testing.T) string) {
	t.Helper()
	prepare := func(t *testing.T) (place, *watched, *fleet.Fleet) {
		t.Helper()
		dir := t.TempDir()
		tenant := simulate(t, "good", dir)
		p := place{data: t.TempDir(), database: database(t), configs: []string{dir}}
		return p, tenant, p.observer(t, tenant)
	}

	// A worker that is killed half way: another one goes on with its scan after the last page
	// that was read whole, within about the time after which a silent worker counts as gone.
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		p, tenant, f := prepare(t)
		g := holdAfter(tenant, 40)
		first := p.worker(t, "first")
		job := begun(t, f, tenant, g)
		p.worker(t, "second")
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = first.Wait()
		killed := time.Now()
		g.release()
		job = await(t, f, job.ID, fleet.Done)
		if took := time.Since(killed); took > time.Minute {
			t.Errorf("it was taken over after %s", took)
		}
		if job.Worker != "second" || job.Attempt != 2 {
			t.Errorf("job = %+v, want the second worker's, at the second attempt", job)
		}
		once(t, f, job)
		eventually(t, "it went on with what was read", func() bool { return said(t, f, job.ID, "going on with the collection") })
		eventually(t, "nothing else is left", func() bool { return folders(t, p.data, job.Tenant) == 1 })
	})

	// A worker that was only paused loses its scan, and must neither read on, record, nor
	// write over what its successor writes when it comes back.
	t.Run("paused", func(t *testing.T) {
		t.Parallel()
		p, tenant, f := prepare(t)
		g := holdAfter(tenant, 40)
		first := p.worker(t, "first")
		job := begun(t, f, tenant, g)
		pause(t, f, tenant, first.Process)
		p.worker(t, "second")
		eventually(t, "the second worker begins it", func() bool {
			now, err := f.Job(t.Context(), job.ID)
			return err == nil && now.Worker == "second"
		})
		g.release()
		job = await(t, f, job.ID, fleet.Done)
		before := tenant.requests.Load()
		if err := first.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the first worker gives up and tidies up", func() bool { return folders(t, p.data, job.Tenant) == 1 })
		if err := first.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := first.Wait(); err != nil {
			t.Errorf("the paused worker ended with %v", err)
		}
		if more := tenant.requests.Load() - before; more > 2 {
			t.Errorf("the paused worker made %d more requests", more)
		}
		once(t, f, job)
		if after, err := f.Job(t.Context(), job.ID); err != nil || after.Worker != "second" || after.Scan != job.Scan {
			t.Errorf("the job became %+v, %v", after, err)
		}
	})

	// A worker that is told to end gives what it can't finish back, as if it hadn't begun it.
	t.Run("drained", func(t *testing.T) {
		t.Parallel()
		p, tenant, f := prepare(t)
		g := holdAfter(tenant, 40)
		first := p.worker(t, "first", workerDrain+"=200ms")
		job := begun(t, f, tenant, g)
		if err := first.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := first.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if job = await(t, f, job.ID, fleet.Waiting); job.Attempt != 0 {
			t.Errorf("job = %+v, want no attempt", job)
		}
		g.release()
		p.worker(t, "second")
		job = await(t, f, job.ID, fleet.Done)
		once(t, f, job)
		eventually(t, "it went on with what was read", func() bool { return said(t, f, job.ID, "going on with the collection") })
	})

	// A worker that is told to end finishes what it can.
	t.Run("finished", func(t *testing.T) {
		t.Parallel()
		p, tenant, f := prepare(t)
		g := holdAfter(tenant, 40)
		first := p.worker(t, "first", workerDrain+"=1m")
		job := begun(t, f, tenant, g)
		if err := first.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		g.release()
		if err := first.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
		once(t, f, await(t, f, job.ID, fleet.Done))
	})

	// Two workers and many requests for scans of one tenant: one scan at a time.
	t.Run("one at a time", func(t *testing.T) {
		t.Parallel()
		p, tenant, f := prepare(t)
		for _, name := range []string{"first", "second"} {
			p.worker(t, name)
		}
		made, underWay := map[int64]bool{}, 0
		for len(made) < 3 {
			job, err := f.Start(t.Context(), tenant.config.Tenants[0].Name, "auditor")
			switch {
			case errors.Is(err, fleet.ErrUnderWay):
				underWay++
			case err != nil:
				t.Fatal(err)
			default:
				made[job.ID] = true
			}
			time.Sleep(10 * time.Millisecond)
		}
		for id := range made {
			await(t, f, id, fleet.Done)
		}
		jobs, err := f.Jobs(t.Context(), fleet.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range jobs[1:] {
			if later, earlier := jobs[i], jobs[i+1]; later.Started.Before(earlier.Finished) {
				t.Errorf("job %d began at %s, before job %d ended at %s", later.ID, later.Started, earlier.ID, earlier.Finished)
			}
		}
		if underWay == 0 {
			t.Error("no request came while a scan was under way")
		}
		if n := folders(t, p.data, tenant.config.Tenants[0].Name); n != len(made) {
			t.Errorf("%d scans left %d folders of evidence", len(made), n)
		}
	})
}

func TestTakeover(t *testing.T) {
	t.Parallel()
	takeovers(t, func(*testing.T) string { return "" })
}
