//go:build integration

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/domicile-audit/domicile/policies"
)

// The bounds on memory. What a rule keeps of an object that passes is nothing; what grows are the
// findings and, apart from them, the tables of look-ups.
const (
	bytesPerObject = 64
	bytesPerEntry  = 1536
	mostAtMillion  = 128 << 20
)

// TestMemoryIsFlat reads from the system how much domicile evaluate holds at most, for the rules
// that hold no large kind whole: over ten times the objects, and over more entries of a look-up.
// A time is not asserted.
func TestMemoryIsFlat(t *testing.T) {
	program := built(t)
	const few, many, applications, more = 100_000, 1_000_000, 1000, 40_000
	small := peak(t, program, tenantOptions{Objects: few, Applications: applications, Seed: 1})
	large := peak(t, program, tenantOptions{Objects: many, Applications: applications, Seed: 1})
	table := peak(t, program, tenantOptions{Objects: few + more, Applications: applications + more, Seed: 1})
	object, entry := (large-small)/(many-few), (table-small)/more
	t.Logf("peak %d MiB at %d objects and %d MiB at %d: %d bytes an object; %d bytes an entry of a look-up", small>>20, few, large>>20, many, object, entry)
	if object > bytesPerObject {
		t.Errorf("memory grows by %d bytes an object, want at most %d", object, bytesPerObject)
	}
	if entry > bytesPerEntry {
		t.Errorf("memory grows by %d bytes an entry of a look-up, want at most %d", entry, bytesPerEntry)
	}
	if large > mostAtMillion {
		t.Errorf("memory is %d MiB at %d objects, want at most %d", large>>20, many, mostAtMillion>>20)
	}
}

// peak is the most memory that domicile held while it judged a tenant, in bytes.
func peak(t *testing.T, program string, o tenantOptions) int64 {
	t.Helper()
	dir := t.TempDir()
	defer os.RemoveAll(dir)
	if err := o.write(filepath.Join(dir, bundleDir)); err != nil {
		t.Fatal(err)
	}
	if err := writeConfig(dir); err != nil {
		t.Fatal(err)
	}
	set, err := policies.Read(policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	args := evaluate(program, dir, ruleSets(set)[1], filepath.Join(dir, "out"))
	return peakOf(t, exec.CommandContext(t.Context(), args[0], args[1:]...))
}

// built is a domicile of this source.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "domicile")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", program, "../../cmd/domicile")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building domicile: %v\n%s", err, out)
	}
	return program
}

// peakOf runs a process and is the most memory that it held, in bytes.
func peakOf(t *testing.T, process *exec.Cmd) int64 {
	t.Helper()
	if out, err := process.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(process.Args, " "), err, out)
	}
	usage, ok := process.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Skip("this system doesn't say how much memory a process held")
	}
	return usage.Maxrss << 10
}
