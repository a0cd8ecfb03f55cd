package scan_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
)

// FuzzSigned reads plans, results and records of runs, and what stands as their signatures: no key is
// trusted that signed any.
func FuzzSigned(f *testing.F) {
	f.Add([]byte(`{"version":1,"steps":[]}`), []byte(nil))
	f.Add([]byte(`{"version":1,"run":"a"}`), []byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"a","sig":"AAAA"}]}`))
	_, public, err := signing.Generate()
	if err != nil {
		f.Fatal(err)
	}
	key, err := signing.ParsePublicKey(public)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, envelope []byte) {
		path := filepath.Join(t.TempDir(), "plan.json")
		if len(envelope) > 0 {
			if err := os.WriteFile(filepath.Join(filepath.Dir(path), "plan.dsse.json"), envelope, 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			envelope = nil
		}
		if _, signers, err := scan.VerifyPlan(path, text, signing.Trust{key}); err == nil && len(signers) > 0 {
			t.Errorf("a plan is signed by %v, who signed nothing", signers)
		}
		if read, err := scan.ReadRun(path, text, envelope, signing.Trust{key}); err == nil && len(read.Signers) > 0 {
			t.Errorf("a run is signed by %v, who signed nothing", read.Signers)
		}
		if _, signers, err := scan.ReadResult(path, text, envelope, signing.Trust{key}); err == nil && len(signers) > 0 {
			t.Errorf("a result is signed by %v, who signed nothing", signers)
		}
	})
}
