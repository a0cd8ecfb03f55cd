package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/config"
)

func dashboard(change func(*config.Dashboard)) *config.Dashboard {
	d := &config.Dashboard{
		PublicURL: "https://domicile.contoso.com",
		SignIn:    &config.SignIn{Issuer: "https://login.contoso.com/v2.0", ClientID: "app", ClientSecretEnv: "SECRET", Reader: []string{"Reader"}},
		Tokens:    []config.Token{{Name: "ci", SHA256: strings.Repeat("0", 64), Role: "operator"}},
	}
	change(d)
	return d
}

func TestDashboardCheck(t *testing.T) {
	tests := []struct {
		name, listen, says string
		change             func(*config.Dashboard)
	}{
		{"behind a proxy", "0.0.0.0:8080", "", func(*config.Dashboard) {}},
		{"its own certificate", "0.0.0.0:8443", "", func(d *config.Dashboard) { d.PublicURL, d.TLS = "", &config.TLS{CertFile: "c", KeyFile: "k"} }},
		{"this machine", "127.0.0.1:8080", "", func(d *config.Dashboard) { *d = config.Dashboard{} }},
		{"this machine, IPv6", "[::1]:8080", "", func(d *config.Dashboard) { *d = config.Dashboard{} }},
		{"open to all", "0.0.0.0:8080", "can be reached by other machines", func(d *config.Dashboard) { *d = config.Dashboard{} }},
		{"open to all by a name", "localhost.contoso.com:80", "can be reached by other machines", func(d *config.Dashboard) { *d = config.Dashboard{} }},
		{"open to all without a host", ":8080", "can be reached by other machines", func(d *config.Dashboard) { *d = config.Dashboard{} }},
		{"a proxy without sign-in", "127.0.0.1:8080", "public_url needs serve.sign_in", func(d *config.Dashboard) { d.SignIn = nil }},
		{"no https", "127.0.0.1:8080", "needs https", func(d *config.Dashboard) { d.PublicURL = "" }},
		{"a public address without TLS", "127.0.0.1:8080", "public_url is not", func(d *config.Dashboard) { d.PublicURL = "http://domicile.contoso.com" }},
		{"a public address with a path", "127.0.0.1:8080", "public_url is not", func(d *config.Dashboard) { d.PublicURL += "/domicile" }},
		{"half a certificate", "127.0.0.1:8080", "cert_file and key_file", func(d *config.Dashboard) { d.TLS = &config.TLS{CertFile: "c"} }},
		{"an issuer without TLS", "127.0.0.1:8080", "issuer is not an https", func(d *config.Dashboard) { d.SignIn.Issuer = "http://login.contoso.com" }},
		{"no client", "127.0.0.1:8080", "needs client_id", func(d *config.Dashboard) { d.SignIn.ClientID = "" }},
		{"two secrets", "127.0.0.1:8080", "one of the two", func(d *config.Dashboard) { d.SignIn.ClientSecretFile = "f" }},
		{"nobody", "127.0.0.1:8080", "lets nobody in", func(d *config.Dashboard) { d.SignIn.Reader = nil }},
		{"short sessions", "127.0.0.1:8080", "idle must be", func(d *config.Dashboard) { d.SignIn.Idle = time.Second }},
		{"a short end", "127.0.0.1:8080", "idle must be", func(d *config.Dashboard) { d.SignIn.Longest = time.Minute }},
		{"a token in the clear", "127.0.0.1:8080", "is not 64 hexadecimal digits", func(d *config.Dashboard) { d.Tokens[0].SHA256 = "hunter2" }},
		{"a machine that approves", "127.0.0.1:8080", "neither reader nor operator", func(d *config.Dashboard) { d.Tokens[0].Role = "approver" }},
		{"a token twice", "127.0.0.1:8080", "is there twice", func(d *config.Dashboard) { d.Tokens = append(d.Tokens, d.Tokens[0]) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := errors.Join(dashboard(tt.change).Check(tt.listen)...)
			if (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("Check() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
	whole := dashboard(func(*config.Dashboard) {})
	whole.Check("127.0.0.1:1")
	if whole.SignIn.Claim != "roles" || whole.SignIn.Idle != 30*time.Minute || whole.SignIn.Longest != 12*time.Hour {
		t.Errorf("Check() left %+v, want the defaults", whole.SignIn)
	}
}

func TestSignInSecret(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{File: filepath.Join(dir, config.FileName)}
	if got, err := cfg.SignInSecret(&config.SignIn{ClientSecretFile: "secret"}, os.Getenv); err != nil || got != "hunter2" {
		t.Errorf("SignInSecret() = %q, %v, want that of the file", got, err)
	}
	if _, err := cfg.SignInSecret(&config.SignIn{ClientSecretEnv: "NOWHERE"}, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "NOWHERE") {
		t.Errorf("SignInSecret() = %v, want an error that names the variable", err)
	}
}
