package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/internal/web"
	"github.com/domicile-audit/domicile/remediation"
)

// TestServeApproves: the server's key approves for whoever signed in, and what counts on the
// dashboard counts on the command line.
func TestServeApproves(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"server", "ada"} {
		private, public, err := signing.Generate()
		if err != nil {
			t.Fatal(err)
		}
		write(name+".pem", private)
		write(name+".pub", public)
	}
	text, err := os.ReadFile("../../remediation/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := remediation.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	ada, err := config.ReadKey(filepath.Join(dir, "ada.pem"), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "plan.json")
	if err := scan.WritePlan(path, plan, ada); err != nil {
		t.Fatal(err)
	}

	const (
		trusted = "trusted_keys: [server.pub, {file: ada.pub, name: ada}]\n"
		signs   = "signing_key: server.pem\n"
		signIn  = `serve: {public_url: "https://domicile.contoso.com", sign_in: {issuer: "https://login.example", client_id: app, client_secret_env: SECRET, approver: [A]}}` + "\n"
		server  = "remediation: {approvers: [server.pub]}\n"
	)
	approver := func(settings ...string) planApprover {
		t.Helper()
		tenant := "version: 1\ntenants: [{name: contoso, id: " + plan.Tenant.ID + ", cloud: global, auth: {method: azure_cli}}]\n"
		cfg, err := config.Parse([]byte(tenant+strings.Join(settings, "")), filepath.Join(dir, config.FileName))
		if err != nil {
			t.Fatal(err)
		}
		a := &app{Environment: Environment{Getenv: func(string) string { return "" }}}
		p, err := a.planApprover(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	bob := web.Approval{By: "bob@contoso.example", At: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), Reason: "agreed with the service's owner"}
	whole := approver(trusted, signs, signIn, server)
	if approval, err := whole.Approval(path, text); approval != nil || err != nil {
		t.Errorf("an approval before there is one: %v, %v", approval, err)
	}
	byAuthor := bob
	byAuthor.By = plan.Author
	for _, tt := range []struct {
		name     string
		server   planApprover
		text     []byte
		approval web.Approval
		want     string
	}{
		{"nobody signs in", approver(trusted, signs, server), text, bob, "nobody signs in"},
		{"no key", approver(trusted, signIn, server), text, bob, "signing_key"},
		{"a key that doesn't count", approver(trusted, signs, signIn), text, bob, "remediation.approvers"},
		{"a key of a person", approver(trusted, signs, signIn, "remediation: {approvers: [{file: server.pub, name: eve}]}\n"), text, bob, "the key of eve"},
		{"its author", whole, text, byAuthor, "somebody else has to approve it"},
		{"another text", whole, bytes.Replace(text, []byte("Contoso"), []byte("Fabrikam"), 1), bob, "not the file that was signed"},
		{"another tenant", whole, bytes.ReplaceAll(text, []byte(plan.Tenant.ID), []byte("3f0c1d7e-0000-4000-8000-000000000009")), bob, "no tenant"},
	} {
		if err := tt.server.Approve(path, tt.text, tt.approval); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Approve() = %v, want %q in it", tt.name, err, tt.want)
		}
	}
	if err := whole.Approve(path, text, bob); err != nil {
		t.Fatal(err)
	}
	// A server without a key, and the command line, read what another one signed.
	if approval, err := approver(trusted, server).Approval(path, text); err != nil || *approval != bob {
		t.Errorf("Approval() = %v, %v", approval, err)
	}
	if approval, err := approver(trusted, signs, signIn).Approval(path, text); approval != nil || err == nil {
		t.Errorf("an approval by a key that doesn't count: %v, %v", approval, err)
	}
}
