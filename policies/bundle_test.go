package policies_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/domicile-audit/domicile/policies"
)

// archive packs a tree as opa build does, signed where a private key is given.
func archive(t *testing.T, tree policies.Tree, data map[string]any, private string) []byte {
	t.Helper()
	packed := opa.Bundle{Data: data}
	packed.Manifest.Init()
	for name, source := range tree {
		packed.Modules = append(packed.Modules, opa.ModuleFile{
			URL: "/" + name, Path: "/" + name, Raw: []byte(source),
			Parsed: ast.MustParseModuleWithOpts(source, ast.ParserOptions{ProcessAnnotation: true}),
		})
	}
	if private != "" {
		if err := packed.GenerateSignature(opa.NewSigningConfig(private, "ES256", ""), "key", false); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := opa.NewWriter(&out).DisableFormat(true).Write(packed); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	open, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}))
}

func TestReadBundle(t *testing.T) {
	tree := ruleFile("subject", "scope: tenant\nevidence: {all: [users]}", denyUsers)
	private, public := keyPair(t)
	_, foreign := keyPair(t)
	tests := []struct {
		name, key string
		packed    []byte
		says      string
	}{
		{"unsigned", "", archive(t, tree, map[string]any{}, ""), ""},
		{"signed", public, archive(t, tree, map[string]any{}, private), ""},
		{"signed by another", foreign, archive(t, tree, map[string]any{}, private), "verif"},
		{"unsigned with a key", public, archive(t, tree, map[string]any{}, ""), "signature"},
		{"signed without a key", "", archive(t, tree, map[string]any{}, private), "--policy-key"},
		{"with data", "", archive(t, tree, map[string]any{"secrets": 1}, ""), "holds data"},
		{"without a rule", "", archive(t, policies.Tree{}, map[string]any{}, ""), "no Rego file"},
		{"no archive", "", []byte("hello"), "reading a bundle of rules"},
		{"no key", "nonsense", archive(t, tree, map[string]any{}, private), "not a public key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read, err := policies.ReadBundle(bytes.NewReader(tt.packed), tt.key)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("ReadBundle = %v, want an error with %q", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			set, err := policies.Load(t.Context(), read)
			if err != nil || len(set.Rules()) != 1 {
				t.Errorf("Load of the bundle = %v, want its one rule", err)
			}
		})
	}
}

func TestScaffoldPasses(t *testing.T) {
	tree, err := policies.Scaffold("licences", "guests_disabled", "OWN1001")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policies.Load(t.Context(), tree); err != nil {
		t.Error(err)
	}
	report, err := policies.Test(t.Context(), "", tree)
	if err != nil || len(report.Failures)+len(report.Uncovered) > 0 || report.Passed < 4 {
		t.Errorf("Test = %+v, %v, want every test to pass and every line covered", report, err)
	}
	for _, bad := range [][3]string{{"weather", "x_y", "OWN1001"}, {"geo", "../x", "OWN1001"}, {"geo", "good_state", "own"}} {
		if _, err := policies.Scaffold(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("Scaffold(%v) = nil, want an error", bad)
		}
	}
}
