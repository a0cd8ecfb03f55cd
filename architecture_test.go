package domicile_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/domicile-audit/domicile"

// allowed says which of our packages each may import; it is the dependency direction.
var allowed = map[string][]string{
	"":                    {},
	"/evidence":           {"/internal/pseudonym", "/internal/signing"},
	"/findings":           {},
	"/collectors":         {"/evidence", "/internal/pseudonym", "/internal/signing"},
	"/policies":           {"/evidence", "/findings", "/internal/plan", "/internal/pseudonym"},
	"/remediation":        {"/evidence", "/findings"},
	"/reports":            {"/findings", "/remediation"},
	"/history":            {"/findings", "/internal/database", "/remediation"},
	"/internal/alerts":    {"/evidence", "/findings", "/history", "/internal/config", "/internal/database", "/internal/fleet"},
	"/internal/bench":     {"/evidence", "/findings", "/policies"},
	"/internal/chromium":  {},
	"/internal/config":    {"/findings", "/internal/pseudonym", "/internal/signing"},
	"/internal/database":  {},
	"/internal/fleet":     {"/collectors", "/evidence", "/findings", "/history", "/internal/config", "/internal/database", "/internal/graph", "/internal/pseudonym", "/internal/scan", "/internal/signing", "/policies"},
	"/internal/golden":    {},
	"/internal/limits":    {},
	"/internal/metrics":   {"/collectors", "/findings", "/history", "/internal/fleet", "/internal/graph"},
	"/internal/plan":      {},
	"/internal/postgres":  {},
	"/internal/pseudonym": {},
	"/internal/signing":   {},
	"/internal/simulator": {"", "/internal/limits"},
	"/internal/traces":    {"/collectors", "/internal/fleet", "/internal/graph"},
	"/internal/graph":     {"/collectors", "/evidence", "/internal/limits", "/remediation"},
	"/internal/scan":      {"/collectors", "/evidence", "/findings", "/history", "/internal/config", "/internal/graph", "/internal/pseudonym", "/internal/signing", "/policies", "/remediation", "/reports"},
	"/cmd/domicile":       {"", "/collectors", "/evidence", "/findings", "/history", "/internal/alerts", "/internal/chromium", "/internal/config", "/internal/fleet", "/internal/metrics", "/internal/pseudonym", "/internal/scan", "/internal/signing", "/internal/simulator", "/internal/traces", "/internal/web", "/policies", "/remediation", "/reports"},
	"/internal/web":       {"/evidence", "/findings", "/history", "/internal/config", "/internal/fleet", "/internal/scan", "/remediation", "/reports"},
}

// TestDependenciesPointOneWay holds every package to the packages that it may import, and
// the Graph SDK and sign-in libraries to internal/graph.
func TestDependenciesPointOneWay(t *testing.T) {
	list, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		name, imports, _ := strings.Cut(line, ": ")
		name = strings.TrimPrefix(name, module)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the table of this test: say what it may import", name)
			continue
		}
		seen++
		for _, path := range strings.Fields(imports) {
			ours, isOurs := strings.CutPrefix(path, module)
			switch {
			case isOurs && !slices.Contains(may, ours):
				t.Errorf("%s imports %s, against the direction", name, ours)
			case name != "/internal/graph" && cloudLibrary(path):
				t.Errorf("%s imports %s: only internal/graph talks to Microsoft", name, path)
			}
		}
	}
	if seen != len(allowed) {
		t.Errorf("%d packages were listed and the table has %d", seen, len(allowed))
	}
}

func cloudLibrary(path string) bool {
	for _, prefix := range []string{"github.com/microsoft", "github.com/Azure"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
