package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/signing"
)

// keyFiles writes a key's halves, k.pem and k.pem.pub, into a folder.
func keyFiles(t *testing.T, dir, name string) (id string) {
	t.Helper()
	private, public, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{name: private, name + ".pub": public} {
		if err := os.WriteFile(filepath.Join(dir, path), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, err := signing.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key.ID()
}

func TestTrustedKeys(t *testing.T) {
	dir := t.TempDir()
	adele, pipeline := keyFiles(t, dir, "adele"), keyFiles(t, dir, "pipeline")
	if err := os.WriteFile(filepath.Join(dir, "broken.pub"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(text string) (signing.Trust, error) {
		cfg, err := config.Parse([]byte("version: 1\n"+text), filepath.Join(dir, config.FileName))
		if err != nil {
			return nil, err
		}
		return cfg.Trust()
	}
	trust, err := in("trusted_keys:\n- p*.pem.pub\n- {file: adele.pub, name: adele@contoso.example}\n- file: pipeline.pub\n")
	if err == nil || !strings.Contains(err.Error(), "line 3: ") || !strings.Contains(err.Error(), "no file has such a name") {
		t.Errorf("Trust() of a pattern without files = %v, %v, want the line", trust, err)
	}
	trust, err = in("trusted_keys:\n- p*.pub\n- {file: adele.pub, name: adele@contoso.example}\n")
	if err != nil || len(trust) != 2 || trust[0].ID != pipeline || trust[0].Name != "" || trust[1].ID != adele || trust[1].Name != "adele@contoso.example" || !trust.Has(adele) || trust.Has("x") {
		t.Errorf("Trust() = %+v, %v, want the pipeline's key and Adele's", trust, err)
	}
	tests := []struct{ text, says string }{
		{"trusted_keys:\n- adele.pub\n- broken.pub\n", "line 4: trusted key " + filepath.Join(dir, "broken.pub") + ": there is no key in PEM"},
		{"trusted_keys: [adele]\n", "line 2: trusted key " + filepath.Join(dir, "adele") + ": it is a private key"},
		{"trusted_keys: [nowhere.pub]\n", "no such file"},
		{"trusted_keys:\n- {file: adele.pub, nam: adele}\n", `unknown field "nam"`},
		{"trusted_keys:\n- {name: adele}\n", "[3:1] a trusted key names no file"},
		{"trusted_keys:\n- ''\n", "names no file"},
		{"trusted_keys:\n- [a]\n", "[3:"},
		{"trusted_keys: adele.pub\n", "[2:"},
	}
	for _, tt := range tests {
		if _, err := in(tt.text); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("trusted keys %q: %v, want an error that says %q", tt.text, err, tt.says)
		}
	}
}

func TestReadKey(t *testing.T) {
	dir := t.TempDir()
	id := keyFiles(t, dir, "key")
	path := filepath.Join(dir, "key")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{"KEY": string(text), "BROKEN": "hidden"}[name]
	}
	for source, mode := range map[string]os.FileMode{path: 0o640, "env:KEY": 0o600} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if key, err := config.ReadKey(source, getenv); err != nil || key.ID() != id {
			t.Errorf("ReadKey(%s) = %v, %v, want %s", source, key, err, id)
		}
	}
	if _, err := config.ReadKey("env:NONE", getenv); err == nil || !strings.Contains(err.Error(), "NONE of the environment is not set") {
		t.Errorf("ReadKey() of a variable that isn't set = %v", err)
	}
	if _, err := config.ReadKey("env:BROKEN", getenv); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("ReadKey() of no key = %v, want an error that doesn't show it", err)
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o620, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := config.ReadKey(path, getenv); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("ReadKey() of a file of mode %o = %v, want it refused", mode, err)
		}
	}
	if _, err := config.ReadKey(dir, getenv); err == nil {
		t.Error("ReadKey() of a folder worked")
	}
	for text, want := range map[string]string{"key.pem": filepath.Join(dir, "key.pem"), "env:KEY": "env:KEY", "''": ""} {
		cfg, err := config.Parse([]byte("version: 1\nsigning_key: "+text+"\n"), filepath.Join(dir, config.FileName))
		if err != nil || cfg.SigningKeyPath() != want {
			t.Errorf("SigningKeyPath() of %s = %s, %v, want %s", text, cfg.SigningKeyPath(), err, want)
		}
	}
}

func TestReadPseudonymKey(t *testing.T) {
	const tenant = "3f0c1d7e-0000-4000-8000-000000000001"
	dir := t.TempDir()
	path := filepath.Join(dir, "pseudonyms.key")
	if err := os.WriteFile(path, []byte("correct horse battery staple, and then some\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{"KEY": "correct horse battery staple, and then some", "SHORT": "hidden"}[name]
	}
	file, err := config.ReadPseudonymKey(path, getenv, tenant, nil)
	if err != nil {
		t.Fatal(err)
	}
	if env, err := config.ReadPseudonymKey("env:KEY", getenv, tenant, nil); err != nil || env.ID("a") != file.ID("a") {
		t.Errorf("the key of a file and that of a variable differ: %v", err)
	}
	if _, err := config.ReadPseudonymKey("env:SHORT", getenv, tenant, nil); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("ReadPseudonymKey() of a short one = %v, want an error that doesn't show it", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadPseudonymKey(path, getenv, tenant, nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("ReadPseudonymKey() of a file that all can read = %v, want it refused", err)
	}
	cfg, err := config.Parse([]byte("version: 1\npseudonym_key: pseudonyms.key\n"), filepath.Join(dir, config.FileName))
	if err != nil || cfg.PseudonymKeyPath() != path {
		t.Errorf("PseudonymKeyPath() = %v, want %s", err, path)
	}
	text := "version: 1\npseudonymise: true\n%stenants:\n"
	for i, one := range []string{"", ", pseudonymise: false", ", pseudonymise: true"} {
		text += fmt.Sprintf("  - {name: t%d, id: 3f0c1d7e-0000-4000-8000-%012d, cloud: global, auth: {method: azure_cli}%s}\n", i, i, one)
	}
	if _, err := config.Parse(fmt.Appendf(nil, text, ""), config.FileName); err == nil || !strings.Contains(err.Error(), "pseudonym_key names no key") {
		t.Errorf("Parse() of pseudonyms without a key = %v", err)
	}
	if cfg, err = config.Parse(fmt.Appendf(nil, text, "pseudonym_key: pseudonyms.key\n"), config.FileName); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, true} {
		if got := cfg.Pseudonymised(&cfg.Tenants[i]); got != want {
			t.Errorf("Pseudonymised() of tenant %d = %v, want %v", i, got, want)
		}
	}
}
