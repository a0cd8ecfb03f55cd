//go:build integration

package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/domicile-audit/domicile/reports"
)

// mostOfAReport bounds the memory of writing 25,000 findings in any format.
const mostOfAReport = 500 << 20

// TestReportsOfManyFindings reads from the system how much domicile report holds at most for each
// format. A time is logged and not asserted. PDF, which a browser prints from a page that doesn't
// grow with the findings, is left out.
func TestReportsOfManyFindings(t *testing.T) {
	program, dir := built(t), t.TempDir()
	scan := exec.CommandContext(t.Context(), program, "scan", "--demo", "--out", dir, "--quiet", "--format", "json")
	var ended *exec.ExitError
	if err := scan.Run(); !errors.As(err, &ended) || ended.ExitCode() != 3 {
		t.Fatalf("scanning the simulated tenant: %v, want exit code 3", err)
	}
	many := filepath.Join(dir, "many.json")
	if err := findingsCommand(t.Context(), []string{"-from", filepath.Join(dir, "result.json"), "-count", strconv.Itoa(25_000), "-out", many}); err != nil {
		t.Fatal(err)
	}
	for _, format := range reports.Formats() {
		process := exec.CommandContext(t.Context(), program, "report", many, "--format", format.Name, "--out", filepath.Join(dir, format.File), "--quiet")
		held := peakOf(t, process)
		t.Logf("%-12s %4d MiB, %s of CPU", format.Name, held>>20, process.ProcessState.UserTime()+process.ProcessState.SystemTime())
		if held > mostOfAReport {
			t.Errorf("25,000 findings as %s take %d MiB, want at most %d", format.Name, held>>20, mostOfAReport>>20)
		}
	}
}
