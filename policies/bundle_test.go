package policies_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/domicile-audit/domicile/policies"
)

// archive packs a tree as opa build does, signed where a private key is given.
func archive(t testing.TB, tree policies.Tree, data map[string]any, private string, algorithm ...string) []byte {
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
		if err := packed.GenerateSignature(opa.NewSigningConfig(private, cmp.Or(append(algorithm, "ES256")...), ""), "key", false); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := opa.NewWriter(&out).DisableFormat(true).Write(packed); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func keyPair(t testing.TB, curve elliptic.Curve) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
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
	private, public := keyPair(t, elliptic.P256())
	_, foreign := keyPair(t, elliptic.P256())
	private384, public384 := keyPair(t, elliptic.P384())
	var bomb bytes.Buffer
	packing := gzip.NewWriter(&bomb)
	if _, err := packing.Write(make([]byte, 20<<20)); err != nil || packing.Close() != nil {
		t.Fatal(err)
	}
	const noKey = "none"
	tests := []struct {
		name, key string
		packed    []byte
		says      string
	}{
		{"unsigned", noKey, archive(t, tree, map[string]any{}, ""), ""},
		{"signed", public, archive(t, tree, map[string]any{}, private), ""},
		{"signed by another", foreign, archive(t, tree, map[string]any{}, private), "verif"},
		{"unsigned with a key", public, archive(t, tree, map[string]any{}, ""), "signature"},
		{"signed without a key", noKey, archive(t, tree, map[string]any{}, private), "--policy-key"},
		{"with data", noKey, archive(t, tree, map[string]any{"secrets": 1}, ""), "holds data"},
		{"without a rule", noKey, archive(t, policies.Tree{}, map[string]any{}, ""), "no Rego file"},
		{"no archive", noKey, []byte("hello"), "reading a bundle of rules"},
		{"no key", "nonsense", archive(t, tree, map[string]any{}, private), "not a public key"},
		{"an empty key", "", archive(t, tree, map[string]any{}, ""), "not a public key"},
		{"of another curve", public384, archive(t, tree, map[string]any{}, private384, "ES384"), ""},
		{"that unpacks without end", noKey, bomb.Bytes(), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := []byte(tt.key)
			if tt.key == noKey {
				key = nil
			}
			read, err := policies.ReadBundle(bytes.NewReader(tt.packed), key)
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

// What stands in another place than its package says could add to a shipped rule, and
// with it change the verdict.
func TestLoadRefusesStrangers(t *testing.T) {
	rule := ruleFile("subject", "scope: tenant\nevidence: {all: [users]}", denyUsers)
	source := rule["integration/subject.rego"]
	tests := []struct {
		name string
		tree policies.Tree
		says string
	}{
		{
			"a library that adds to a rule",
			policies.Tree{"lib/more.rego": "package domicile.integration.subject\n\nnot_applicable contains {}"},
			"lib/more.rego: package domicile.integration.subject does not follow from the path; write package domicile.lib.more",
		},
		{
			"a library that adds to another",
			policies.Tree{"lib/more.rego": "package domicile.lib.geo\n\nx := 1"},
			"write package domicile.lib.more",
		},
		{
			"a rule of no topic",
			policies.Tree{"weather/subject.rego": strings.ReplaceAll(strings.ReplaceAll(source, "TEST1001", "TEST1002"), "domicile.integration", "domicile.weather")},
			`topic "weather" is unknown`,
		},
		{
			"a rule without a schema",
			policies.Tree{"geo/subject.rego": strings.NewReplacer("TEST1001", "TEST1002", "domicile.integration", "domicile.geo", "# schemas:\n#   - input: schema.input\n", "").Replace(source)},
			"schemas doesn't hold the input",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policies.Load(t.Context(), rule, tt.tree)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Load = %v, want an error with %q", err, tt.says)
			}
		})
	}
}

func TestReadTreeRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := policies.ReadTree(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "no Rego file") {
		t.Errorf("ReadTree of an empty folder = %v, want an error that says so", err)
	}
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "endless.rego")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := policies.ReadTree(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "endless.rego: it is no file") {
		t.Errorf("ReadTree with a device = %v, want an error that names it", err)
	}
}

// What stands beside the tested rules may be used, and is neither tested nor held to be covered.
func TestRulesBesideAreNotTested(t *testing.T) {
	own := policies.Tree{
		"lib/own.rego":      "package domicile.lib.own\n\nimport data.domicile.lib.other\n\nthree := other.two + 1\n",
		"lib/own_test.rego": "package domicile.lib.own_test\n\nimport data.domicile.lib.own\n\ntest_three if own.three == 3\n",
	}
	other := policies.Tree{
		"lib/other.rego":      "package domicile.lib.other\n\ntwo := 2\n\nfour := 4\n",
		"lib/other_test.rego": "package domicile.lib.other_test\n\ntest_fails if false\n",
	}
	report, err := policies.Test(t.Context(), policies.TestOptions{Beside: []policies.Tree{other}}, own)
	if err != nil || report.Passed != 1 || len(report.Failures)+len(report.Uncovered) > 0 || report.Coverage != 100 {
		t.Errorf("Test = %+v, %v, want the own test to pass and the own lines to be covered", report, err)
	}
	report, err = policies.Test(t.Context(), policies.TestOptions{}, other, own)
	if err != nil || report.Passed != 1 || len(report.Failures) != 1 || len(report.Uncovered) != 1 {
		t.Errorf("Test = %+v, %v, want the other's failure and uncovered line too", report, err)
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
	report, err := policies.Test(t.Context(), policies.TestOptions{}, tree)
	if err != nil || len(report.Failures)+len(report.Uncovered) > 0 || report.Passed < 4 {
		t.Errorf("Test = %+v, %v, want every test to pass and every line covered", report, err)
	}
	for _, bad := range [][3]string{{"weather", "x_y", "OWN1001"}, {"geo", "../x", "OWN1001"}, {"geo", "good_state", "own"}} {
		if _, err := policies.Scaffold(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("Scaffold(%v) = nil, want an error", bad)
		}
	}
}

// FuzzReadBundle: no archive makes the reader panic, and what a key was given for is not
// taken unsigned.
func FuzzReadBundle(f *testing.F) {
	tree := ruleFile("subject", "scope: tenant\nevidence: {all: [users]}", denyUsers)
	private, public := keyPair(f, elliptic.P256())
	signed := archive(f, tree, map[string]any{}, private)
	f.Add(signed)
	f.Add(archive(f, tree, map[string]any{"a": 1}, ""))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		if read, err := policies.ReadBundle(bytes.NewReader(packed), nil); err == nil && len(read) == 0 {
			t.Error("a bundle without a rule was taken")
		}
		if read, err := policies.ReadBundle(bytes.NewReader(packed), []byte(public)); err == nil && !maps.Equal(read, tree) {
			t.Errorf("the rules %v were taken, which nobody signed", read)
		}
	})
}

// FuzzRead: whatever stands in a rule's METADATA, it is read whole or refused.
func FuzzRead(f *testing.F) {
	for _, custom := range []string{"scope: tenant\nevidence: {all: [users]}", "scope: users", "severity: 1", "params: {a: {default: [1e400]}}", "&a [*a]", "? {}"} {
		for _, text := range ruleFile("subject", custom, denyUsers) {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := policies.Read(policies.Tree{"own/subject.rego": text})
		if err != nil {
			return
		}
		for _, rule := range set.Rules() {
			if rule.ID == "" || rule.Title == "" || rule.Severity == "" {
				t.Errorf("the rule %+v was taken", rule)
			}
		}
	})
}
