package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeAzureCLI stands in for az: the tenant has Graph with two of the permissions and one
// of a longer name, and no other API. What would change the tenant is noted.
const fakeAzureCLI = `#!/usr/bin/env bash
case "$*" in
"ad app create "*) echo 11111111-0000-4000-8000-000000000001 ;;
"ad sp show --id 00000003-"*) printf '%s\t%s\n' User.Read.All id-of-users User.Read.All.Extra other Sites.Read.All id-of-sites ;;
"ad sp show "*) echo "no such service principal" >&2; exit 3 ;;
esac
case "$*" in *" show "*) ;; *) echo "az $*" >>"$CALLS" ;; esac
`

// The script asks for what the tenant offers, by the ids that the tenant knows, names what
// it leaves out, and leaves the consent to an administrator.
func TestAzureCLIScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	_, script, _ := run1(t, "permissions", "--rule", "GEO1009,GEO1011,XDR1001", "--format", "az")
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(fakeAzureCLI), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), bash)
	command.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "CALLS="+calls)
	command.Stdin = strings.NewReader(script)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("the script ends with %v: %s", err, stderr.String())
	}
	made, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	const app = "11111111-0000-4000-8000-000000000001"
	add := "az ad app permission add --only-show-errors --id " + app + " --api 00000003-0000-0000-c000-000000000000 --api-permissions "
	want := "az ad app create --display-name domicile (reads) --sign-in-audience AzureADMyOrg --query appId -o tsv\n" +
		"az ad sp create --id " + app + "\n" + add + "id-of-sites=Role\n" + add + "id-of-users=Role\n"
	if diff := cmp.Diff(want, string(made)); diff != "" {
		t.Errorf("the script's changes differ (-want +got):\n%s", diff)
	}
	for _, left := range []string{"Microsoft Graph has no application permission SecurityIncident.Read.All", "Microsoft Threat Protection has no application permission Incident.Read.All"} {
		if !strings.Contains(stderr.String(), left) {
			t.Errorf("the script says %q, want %q in it", stderr.String(), left)
		}
	}
	if !strings.Contains(stdout.String(), "az ad app permission admin-consent --id "+app) {
		t.Errorf("the script says %q, want how to consent", stdout.String())
	}
}
