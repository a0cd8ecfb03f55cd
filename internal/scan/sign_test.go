package scan_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
)

func newKey(t *testing.T, name string) (*signing.Key, signing.PublicKey) {
	t.Helper()
	private, _, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := signing.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public()
	public.Name = name
	return key, public
}

const statement = `schemaVersion: 1
tenantId: ` + tenantID + `
cloud: global
fact: xdr-geo
value: {geo: EU, how: reviewed}
observedAt: 2026-01-01T09:30:00Z
observedBy: {upn: adele@contoso.example, objectId: 8a1f0c52-0000-4000-8000-000000000011}
method: Settings > Microsoft Defender XDR > Account
artefacts: [{sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]
validUntil: 2199-10-01
reviewer: {upn: diego@contoso.example, objectId: 8a1f0c52-0000-4000-8000-000000000012}
`

// TestSignedEvidence: the bundle is signed, names the one before it, and holds a person's
// statement as signed; the bundle before it must be as it was signed.
func TestSignedEvidence(t *testing.T) {
	c := newCloud(t, answers)
	key, pipeline := newKey(t, "pipeline")
	person, adele := newKey(t, "adele@contoso.example")
	tenant := c.configured(t, "    attestations: [geo.*]\n", map[string]string{"geo.yaml": statement})
	envelope, err := scan.SignAttestation(tenant.Path("geo.yaml"), "domicile test", person)
	if err != nil || filepath.Base(envelope) != "geo.dsse.json" {
		t.Fatalf("SignAttestation() = %s, %v", envelope, err)
	}
	root := t.TempDir()
	collect := func(name, previous, since string) (*evidence.Bundle, error) {
		options := collection(tenant, "users")
		options.Key, options.Trust, options.Previous, options.Since = key, signing.Trust{pipeline, adele}, previous, since
		dir := filepath.Join(root, name)
		if _, err := scan.Collect(t.Context(), dir, options); err != nil {
			return nil, err
		}
		return evidence.Verify(dir, options.Trust)
	}
	one, err := collect("one", "", "")
	if err != nil || len(one.Signers) != 1 || one.Signers[0].Name != "pipeline" || one.Manifest.Previous != "" {
		t.Fatalf("the first bundle is signed by %v and follows %q: %v", one.Signers, one.Manifest.Previous, err)
	}
	for object, err := range one.Objects("attestations") {
		if err != nil || !strings.Contains(string(object), `"signed":true`) {
			t.Errorf("the statement is kept as %s, %v, want it signed", object, err)
		}
	}
	for name, sources := range map[string][2]string{"two": {one.Dir, ""}, "three": {"", one.Dir}} {
		next, err := collect(name, sources[0], sources[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := next.Follows(one); err != nil {
			t.Errorf("%s does not follow the first: %v", name, err)
		}
	}
	// What is signed rests on nothing that is unsigned.
	plain, said := collection(tenant, "users"), ""
	if _, err := scan.Collect(t.Context(), filepath.Join(root, "plain"), plain); err != nil {
		t.Fatal(err)
	}
	plain.Key, plain.Since, plain.Notice = key, filepath.Join(root, "plain"), func(text string) { said += text }
	for _, name := range []string{"signed", "again"} {
		dir := filepath.Join(root, name)
		if _, err := scan.Collect(t.Context(), dir, plain); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(said, "is unsigned: everything is read"); told != (name == "signed") {
			t.Errorf("since %s the notice is %q", plain.Since, said)
		}
		plain.Since, said = dir, ""
	}
	// A forged bundle is none to go on from.
	signature := filepath.Join(one.Dir, "signature.dsse.json")
	text, err := os.ReadFile(signature)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(signature, []byte(strings.Replace(string(text), `"sig": "`, `"sig": "AAAA`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sources := range [][2]string{{one.Dir, ""}, {"", one.Dir}} {
		if _, err := collect("four", sources[0], sources[1]); err == nil || !strings.Contains(err.Error(), "does not hold") {
			t.Errorf("Collect() after a forged bundle = %v, want it refused", err)
		}
	}
}

// TestSignedResult: a result is signed beside it; what was changed since, or signed by
// somebody else, is named.
func TestSignedResult(t *testing.T) {
	dir := t.TempDir()
	path, envelope := filepath.Join(dir, "result.json"), filepath.Join(dir, "result.dsse.json")
	key, pipeline := newKey(t, "pipeline")
	other, _ := newKey(t, "")
	write := func(tenant string, key *signing.Key) {
		t.Helper()
		result := &findings.Result{Tenant: findings.Tenant{ID: tenant, Cloud: "global"}, Tool: findings.Tool{Name: "domicile", Version: "1"}, Profile: "xdr-current"}
		result.Summary = findings.Summarise(nil, nil)
		if _, err := scan.WriteReports(dir, result, nil, key); err != nil {
			t.Fatal(err)
		}
	}
	edit := func(path, from, to string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), from) {
			t.Fatalf("%s holds no %q: %v", path, from, err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("t", key)
	if _, _, signers, err := scan.VerifyResult(path, signing.Trust{pipeline}); err != nil || len(signers) != 1 || signers[0].Name != "pipeline" {
		t.Errorf("VerifyResult() = %v, %v, want the pipeline's signature", signers, err)
	}
	tests := []struct {
		name string
		do   func()
		file string
		says string
	}{
		{"flip", func() { edit(path, "xdr-current", "xdr-currenu") }, "result.json", "not the file that was signed"},
		{"white space", func() { edit(path, "\n}\n", "\n}\n\n") }, "result.json", "not the file that was signed"},
		{"flip the signature", func() { edit(envelope, `"sig": "`, `"sig": "AAAA`) }, "result.dsse.json", "does not hold"},
		{"cut the signature", func() { edit(envelope, "}\n", "") }, "result.dsse.json", "not a DSSE envelope"},
		{"sign with a foreign key", func() { write("t", other) }, "result.dsse.json", "not trusted"},
		{"replay the signature of another", func() {
			write("u", key)
			data, err := os.ReadFile(envelope)
			if err != nil {
				t.Fatal(err)
			}
			write("t", key)
			if err := os.WriteFile(envelope, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "result.json", "not the file that was signed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			write("t", key)
			tt.do()
			var tampered *evidence.TamperedError
			if _, _, _, err := scan.VerifyResult(path, signing.Trust{pipeline}); !errors.As(err, &tampered) || tampered.File != tt.file || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("VerifyResult() = %v, want %s named, and %q said", err, tt.file, tt.says)
			}
		})
	}
	// An unsigned result in its place has no signature of another.
	write("t", nil)
	if _, _, signers, err := scan.VerifyResult(path, signing.Trust{pipeline}); err != nil || signers != nil {
		t.Errorf("VerifyResult() of an unsigned result = %v, %v, want no signers", signers, err)
	}
}

// TestSignAttestation: a second person signs besides the first, and a text that was changed
// is signed anew.
func TestSignAttestation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "geo.yaml")
	one, adele := newKey(t, "adele@contoso.example")
	two, diego := newKey(t, "diego@contoso.example")
	trust := signing.Trust{adele, diego}
	sign := func(text string, key *signing.Key, want int) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := scan.SignAttestation(path, "domicile test", key); err != nil {
			t.Fatal(err)
		}
		if tenants, signers, err := scan.VerifyAttestation(path, trust); err != nil || len(signers) != want || tenants[0] != tenantID {
			t.Errorf("VerifyAttestation() = %v, %v, %v, want %d signatures", tenants, signers, err, want)
		}
	}
	sign(statement, one, 1)
	sign(statement, two, 2)
	sign(statement, two, 2)
	if err := os.WriteFile(path, []byte(statement+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := scan.VerifyAttestation(path, trust); !errors.As(err, new(*evidence.TamperedError)) {
		t.Errorf("VerifyAttestation() of a changed text = %v, want it named", err)
	}
	sign(statement+"\n", two, 1)
	if err := os.WriteFile(path, []byte("colour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scan.SignAttestation(path, "", one); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("SignAttestation() of no statement = %v, want its line", err)
	}
}
