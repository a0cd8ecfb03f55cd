package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/config"
)

const writes = "{method: client_secret, client_id: writer, client_secret_file: secret}"

func TestRemediation(t *testing.T) {
	general := parse(t, one+"remediation: {max_changes: 3, auth: "+writes+"}\n")
	own := parse(t, one+"    remediation: {max_changes: 4, auth: "+strings.Replace(writes, "writer", "own", 1)+"}\nremediation: {max_changes: 3, auth: "+writes+"}\n")
	for _, tt := range []struct {
		config *config.Config
		most   int
		id     string
	}{{general, 3, "writer"}, {own, 4, "own"}, {parse(t, one), 20, ""}} {
		tenant := &tt.config.Tenants[0]
		if most, id := tt.config.MaxChanges(tenant), tt.config.RemediatorID(tenant); most != tt.most || id != tt.id {
			t.Errorf("MaxChanges() = %d, RemediatorID() = %q, want %d, %q", most, id, tt.most, tt.id)
		}
		writer, err := tt.config.Remediator(tenant)
		switch {
		case tt.id == "":
			if err == nil || !strings.Contains(err.Error(), "no remediation.auth for tenant contoso") {
				t.Errorf("Remediator() of none = %v", err)
			}
		case err != nil || writer.Auth.ClientID != tt.id || writer.ID != tenant.ID || tenant.Auth.ClientID != "app":
			t.Errorf("Remediator() = %+v, %v", writer, err)
		case writer.Path("secret") != filepath.Join("conf", "secret"):
			t.Errorf("its secret is at %s", writer.Path("secret"))
		}
	}
}

func TestRemediationRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"remediation: {max_changes: -1}\n":                     "remediation.max_changes is less than nothing",
		"remediation: {auth: {method: guess}}\n":               `remediation: auth.method "guess" is unknown`,
		"    remediation: {auth: {method: certificate}}\n":     "remediation: auth.method certificate needs auth.client_id",
		"remediation: {require_approval: true}\n":              "names nobody's key",
		"    remediation: {require_approval: true}\n":          "names nobody's key",
		"remediation: {approvers: [{name: bob}]}\n":            "a trusted key names no file",
		"remediation: {colour: red}\n":                         `unknown field "colour"`,
		"remediation: {auth: {method: azure_cli, scope: x}}\n": `unknown field "scope"`,
	} {
		if _, err := config.Parse([]byte(one+text), config.FileName); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Parse(%q) = %v, want an error that says %q", text, err, says)
		}
	}
	same := parse(t, one+"remediation: {auth: "+strings.Replace(writes, "writer", "APP", 1)+"}\n")
	if _, err := same.Remediator(&same.Tenants[0]); err == nil || !strings.Contains(err.Error(), "signs the same application in") {
		t.Errorf("Remediator() that reads as well = %v", err)
	}
}

func TestApprovers(t *testing.T) {
	dir := t.TempDir()
	bob, eve := keyFiles(t, dir, "bob"), keyFiles(t, dir, "eve")
	const own = "    remediation: {approvers: [{file: eve.pub, name: eve}]}\n"
	for _, tt := range []struct {
		text     string
		required bool
		want     string
	}{
		{"remediation: {require_approval: true, approvers: [{file: bob.pub, name: bob}]}\n", true, bob + " bob"},
		{own + "remediation: {require_approval: true, approvers: [bob.pub]}\n", true, eve + " eve"},
		{"    remediation: {require_approval: true}\nremediation: {approvers: [bob.pub]}\n", true, bob + " "},
		{own + "remediation: {approvers: [bob.pub]}\n", false, eve + " eve"},
		{"remediation: {approvers: [bob.pub, {file: bob.pub, name: bob}]}\n", false, bob + " bob"}, // a person's, and no service's
	} {
		cfg, err := config.Parse([]byte(one+tt.text), filepath.Join(dir, config.FileName))
		if err != nil {
			t.Fatal(err)
		}
		tenant := &cfg.Tenants[0]
		keys, err := cfg.Approvers(tenant)
		if err != nil || len(keys) != 1 || keys[0].ID+" "+keys[0].Name != tt.want || cfg.RequireApproval(tenant) != tt.required {
			t.Errorf("Approvers() of %q = %v, %v, required %t; want %s, %t", tt.text, keys, err, cfg.RequireApproval(tenant), tt.want, tt.required)
		}
	}
	twice, err := config.Parse([]byte(one+"remediation: {approvers: [{file: bob.pub, name: bob}, {file: '*.pub', name: eve}]}\n"), filepath.Join(dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twice.Approvers(&twice.Tenants[0]); err == nil || !strings.Contains(err.Error(), "key "+bob+" stands there as that of") {
		t.Errorf("Approvers() with two names for a key = %v", err)
	}
	none := parse(t, one+"remediation: {approvers: [none.pub]}\n")
	if _, err := none.Approvers(&none.Tenants[0]); err == nil || !strings.Contains(err.Error(), "line 9: ") {
		t.Errorf("Approvers() of a file that isn't there = %v, want the line", err)
	}
}
