package simulator_test

import (
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/simulator"
)

func writeConfig(t *testing.T, v *visitor) fs.FS {
	t.Helper()
	dir := t.TempDir()
	if err := v.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

func read(t *testing.T, fsys fs.FS, name string) string {
	t.Helper()
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWriteConfigReplacesItsOwnAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"weak", "good", "off"} {
		if err := visit(t, name).WriteConfig(dir); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]int{"imports/*": 0, "attestations/*": 1, "previous/*": 1} {
		if left, _ := filepath.Glob(filepath.Join(dir, pattern)); len(left) != want {
			t.Errorf("off has %v, want %d of its own and none of the tenants before it", left, want)
		}
	}
	for _, text := range []string{"version: 1\n", "", "# The simulated tenant is mine\nversion: 1\n"} {
		mine := filepath.Join(t.TempDir(), "domicile.yaml")
		if err := os.WriteFile(mine, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := visit(t, "good").WriteConfig(filepath.Dir(mine))
		if err == nil || !strings.Contains(err.Error(), "choose another folder") {
			t.Errorf("WriteConfig over %q = %v, want an error", text, err)
		}
		if kept, _ := os.ReadFile(mine); string(kept) != text {
			t.Errorf("the configuration %q became %q", text, kept)
		}
	}
}

func TestWrittenConfigurationsAreReadByTheProgram(t *testing.T) {
	for _, name := range simulator.Names() {
		t.Run(name, func(t *testing.T) {
			v := visit(t, name)
			dir := t.TempDir()
			for range 2 { // the second one replaces the first
				if err := v.WriteConfig(dir); err != nil {
					t.Fatal(err)
				}
			}
			read, err := config.Read(filepath.Join(dir, "domicile.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			got := read.Tenants[0]
			if read.Profile != "xdr-current" || got.Name != name || got.ID != v.tenant.ID || got.Cloud != "custom" {
				t.Errorf("configuration = %+v", read)
			}
			e := got.Endpoints
			for endpoint, want := range map[string]string{
				e.Login: "", e.Graph: "", e.XDR: "/xdr", e.MDE: "/mde", e.ARM: "/arm",
			} {
				if endpoint != v.URL()+want {
					t.Errorf("endpoint %s, want %s", endpoint, v.URL()+want)
				}
			}
			if before := got.Path(got.Previous); before != "" {
				if _, err := os.Stat(before); err != nil {
					t.Errorf("the earlier result: %v", err)
				}
			} else if name == "good" {
				t.Error("good names no earlier result")
			}
			if e.Like != v.tenant.Cloud {
				t.Errorf("like = %s, want %s", e.Like, v.tenant.Cloud)
			}
		})
	}
}

func TestWriteConfigGuardsTheSecret(t *testing.T) {
	v := visit(t, "good")
	dir := t.TempDir()
	path := filepath.Join(dir, "client-secret")
	if err := os.WriteFile(path, []byte("older"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := v.WriteConfig(dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	_, secret := v.tenant.Secret()
	if info.Mode().Perm() != 0o600 || read(t, os.DirFS(dir), "client-secret") != secret+"\n" {
		t.Errorf("client-secret has mode %v and %q", info.Mode(), read(t, os.DirFS(dir), "client-secret"))
	}
	if strings.Contains(read(t, os.DirFS(dir), "domicile.yaml"), secret) {
		t.Error("domicile.yaml holds the secret")
	}
	if info, err = os.Stat(filepath.Join(dir, simulator.RemediatorFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the remediator's secret: %v, mode %v", err, info.Mode())
	}
	if _, secret := v.tenant.Remediator(); read(t, os.DirFS(dir), simulator.RemediatorFile) != secret+"\n" {
		t.Error("the remediator's file holds another secret")
	}
	if block, _ := pem.Decode([]byte(read(t, os.DirFS(dir), "ca.pem"))); block == nil || block.Type != "CERTIFICATE" {
		t.Error("ca.pem holds no certificate")
	}
}

func TestWriteConfigRendersTimes(t *testing.T) {
	for _, name := range simulator.Names() {
		dir := writeConfig(t, visit(t, name))
		err := fs.WalkDir(dir, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data := read(t, dir, path)
			for _, word := range []string{"now-", "now+", "$tenant", "$cloud", "$org"} {
				if strings.Contains(data, word) {
					t.Errorf("%s of %s still holds %q", path, name, word)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
