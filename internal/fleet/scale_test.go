//go:build integration && unix

package fleet_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/postgres"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// TestAThousandTenants scans a thousand tenants of a thousand objects on two workers, one of
// which is killed half way: all are scanned, none twice, and the workers' memory doesn't grow
// with the number of tenants. The variable FLEET_TEST_TENANTS names another number.
func TestAThousandTenants(t *testing.T) {
	count := 1000
	if text := os.Getenv("FLEET_TEST_TENANTS"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	server := postgres.Start(t)
	dir := t.TempDir()
	p := place{data: t.TempDir(), database: server.Database(t), configs: []string{filepath.Join(dir, "*")}}
	servers, tenants := simulateMany(t, count, dir)
	f := p.observer(t, tenants...)
	const atATime = 16 // most of the time a scan waits for the limit of the sign-ins' report
	env := []string{fmt.Sprintf("%s=%d", workerScans, atATime), workerTerm + "=20s"}
	first, second := p.worker(t, "first", env...), p.worker(t, "second", env...)

	begun := time.Now()
	for _, tenant := range tenants {
		if _, err := f.Start(t.Context(), tenant.config.Tenants[0].Name, "auditor"); err != nil {
			t.Fatal(err)
		}
	}
	early := 0
	for done, killed := 0, false; done < count; time.Sleep(time.Second) {
		jobs, err := f.Jobs(t.Context(), fleet.Query{State: fleet.Done, Limit: count})
		if err != nil {
			t.Fatal(err)
		}
		if done = len(jobs); done >= count/5 && early == 0 {
			early = resident(t, second)
		}
		if done >= count/2 && !killed {
			killed = true
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if failed, err := f.Jobs(t.Context(), fleet.Query{State: fleet.Failed}); err != nil || len(failed) > 0 {
			t.Fatalf("%d jobs failed, %v: %+v", len(failed), err, failed)
		}
	}
	late := resident(t, second)
	t.Logf("%d tenants in %s; the worker that was left had %d KiB after a fifth of them, and %d KiB after all", count, time.Since(begun).Round(time.Second), early, late)
	if late > early*3/2 {
		t.Errorf("the worker's memory grew from %d to %d KiB", early, late)
	}

	jobs, err := f.Jobs(t.Context(), fleet.Query{Limit: 2 * count})
	if err != nil || len(jobs) != count {
		t.Fatalf("%d jobs, %v, want %d", len(jobs), err, count)
	}
	attempts, taken := map[string]int{}, 0
	for _, job := range jobs {
		attempts[job.TenantID] = job.Attempt
		if job.Attempt > 1 {
			taken++
		}
	}
	t.Logf("%d scans were taken over from the worker that was killed", taken)
	if taken > atATime {
		t.Errorf("%d scans were begun twice, and the worker that was killed had %d", taken, atATime)
	}
	scans, err := f.History().List(t.Context(), "")
	if err != nil || len(scans) != count {
		t.Errorf("the history has %d scans, %v, want %d", len(scans), err, count)
	}
	recorded := map[string]int{}
	for _, scan := range scans {
		recorded[scan.Tenant]++
		if folder, err := f.Evidence(t.Context(), scan); err != nil || folder == "" {
			t.Errorf("Evidence() of scan %d = %q, %v", scan.ID, folder, err)
		}
	}
	var pages []int
	for i, tenant := range tenants {
		id := tenant.config.Tenants[0].ID
		if recorded[id] != 1 {
			t.Errorf("tenant %s has %d scans", id, recorded[id])
		}
		if attempts[id] == 1 {
			pages = append(pages, servers[i].Requests()["GET /v1.0/groups"])
		}
	}
	if slices.Min(pages) < 1 || slices.Max(pages) != slices.Min(pages) {
		t.Errorf("the tenants' groups were read in %d to %d requests, want the same everywhere", slices.Min(pages), slices.Max(pages))
	}
}

// simulateMany starts simulated tenants of a thousand generated objects, each with an id of its
// own, and writes a configuration for each into a folder of its own.
func simulateMany(t *testing.T, count int, dir string) ([]*simulator.Server, []*watched) {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(domicile.Tenants(), "good", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(domicile.Tenants(), path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	servers, tenants := make([]*simulator.Server, count), make([]*watched, count)
	now := time.Now()
	var group errgroup.Group
	group.SetLimit(4)
	for n := range count {
		name := fmt.Sprintf("tenant-%04d", n)
		files[name+"/tenant.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "base: good\nid: 3f0c1d7e-0000-4000-9000-%012d\n", n)}
		files[name+"/domicile.yaml"] = files["good/domicile.yaml"]
	}
	for n := range count {
		group.Go(func() error {
			name := fmt.Sprintf("tenant-%04d", n)
			tenant, err := simulator.Load(files, name, now)
			if err != nil {
				return err
			}
			if err := simulator.Generate(tenant, map[string]int{"users": 700, "groups": 200, "servicePrincipals": 100}); err != nil {
				return err
			}
			if servers[n], err = simulator.Start(context.Background(), simulator.Options{Tenant: tenant}); err != nil {
				return err
			}
			if err := servers[n].WriteConfig(filepath.Join(dir, name)); err != nil {
				return err
			}
			cfg, err := config.Read(filepath.Join(dir, name, config.FileName))
			tenants[n] = &watched{config: cfg}
			return err
		})
	}
	err = group.Wait()
	t.Cleanup(func() {
		var closing sync.WaitGroup
		for _, server := range servers {
			if server != nil {
				closing.Go(func() { _ = server.Close() })
			}
		}
		closing.Wait()
	})
	if err != nil {
		t.Fatal(err)
	}
	return servers, tenants
}

// resident is the memory of a process in KiB.
func resident(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var size int
		if n, _ := fmt.Sscanf(string(line), "VmRSS: %d kB", &size); n == 1 {
			return size
		}
	}
	t.Fatal("the system doesn't say how much memory a process has")
	return 0
}
