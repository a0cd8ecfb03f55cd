package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/config"
)

const (
	served = `version: 1
serve:
  public_url: https://domicile.contoso.com
` + servedSignIn + servedTokens
	servedSignIn = `  sign_in:
    issuer: https://login.contoso.com/v2.0
    client_id: app
    client_secret_env: SECRET
    reader: [Reader]
`
	servedTokens = `  tokens:
    - {name: ci, sha256: ` + someDigest + `, role: operator}
`

	someDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// dashboard is a configuration with something else in a place.
func dashboard(old, other string) string {
	return strings.Replace(served, old, other, 1)
}

func TestDashboard(t *testing.T) {
	tests := []struct{ name, old, other, says string }{
		{"its own certificate", "public_url: https://domicile.contoso.com", "tls: {cert_file: c, key_file: k}", ""},
		{"nobody signs in", served, "version: 1\nserve: {tokens: []}\n", ""},
		{"a proxy without sign-in", servedSignIn, "", "public_url needs serve.sign_in"},
		{"no https", "  public_url: https://domicile.contoso.com\n", "", "needs https"},
		{"a public address without TLS", "https://domicile", "http://domicile", "public_url is not"},
		{"proxies", "  sign_in:", "  trusted_proxies: [10.0.0.0/8, \"2001:db8::/32\"]\n  sign_in:", ""},
		{"a proxy that is no network", "  sign_in:", "  trusted_proxies: [proxy.contoso.com]\n  sign_in:", "proxy.contoso.com"},
		{"a public address with a path", "domicile.contoso.com", "contoso.com/domicile", "public_url is not"},
		{"half a certificate", "public_url: https://domicile.contoso.com", "tls: {cert_file: c}", "cert_file and key_file"},
		{"an issuer without TLS", "https://login", "http://login", "issuer is not an https"},
		{"no client", "    client_id: app\n", "", "needs client_id"},
		{"two secrets", "client_secret_env: SECRET", "client_secret_env: SECRET\n    client_secret_file: f", "one of the two"},
		{"nobody", "    reader: [Reader]\n", "", "lets nobody in"},
		{"short sessions", "reader: [Reader]", "reader: [Reader]\n    idle: 1s", "idle must be"},
		{"a short end", "reader: [Reader]", "reader: [Reader]\n    longest: 10m", "idle must be"},
		{"a token in the clear", someDigest, "hunter2", "is not 64 hexadecimal digits"},
		{"a machine that approves", "role: operator", "role: approver", "neither reader nor operator"},
		{"a token twice", "  tokens:\n", "  tokens:\n    - {name: ci, sha256: " + someDigest + ", role: reader}\n", "is there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse([]byte(dashboard(tt.old, tt.other)), config.FileName)
			if (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("Parse() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
	whole := parse(t, dashboard("", "")).Serve
	if whole.SignIn.Claim != "roles" || time.Duration(whole.SignIn.Idle) != 30*time.Minute || time.Duration(whole.SignIn.Longest) != 12*time.Hour {
		t.Errorf("Parse() = %+v, want the defaults", whole.SignIn)
	}
	if err := whole.CheckListen("0.0.0.0:80"); err != nil {
		t.Errorf("CheckListen() with sign-in = %v", err)
	}
}

func TestCheckListen(t *testing.T) {
	for listen, mine := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:8080": true, "0.0.0.0:8080": false, ":8080": false, "[::]:80": false, "localhost.contoso.com:80": false, "192.0.2.1:80": false, "127.0.0.1": false,
	} {
		if err := new(config.Dashboard).CheckListen(listen); (err == nil) != mine {
			t.Errorf("CheckListen(%q) = %v, want it allowed: %t", listen, err, mine)
		}
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
