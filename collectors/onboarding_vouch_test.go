package collectors

import (
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// TestVouchedForNeedsTheSignersName shows inside the package what no test outside can: it
// takes Microsoft's keys to sign a package under the pinned roots.
func TestVouchedForNeedsTheSignersName(t *testing.T) {
	leaf, issuer := encodedCertificate(t, "seville-2022.pem"), encodedCertificate(t, "secure-server-ca-2011.pem")
	tests := []struct {
		name  string
		cert  string
		chain []string
		o     ImportOptions
		want  bool
	}{
		{"the signer", leaf, []string{issuer}, ImportOptions{}, true},
		{"the signer without its issuer", leaf, nil, ImportOptions{}, false},
		{"another certificate of the same root", issuer, nil, ImportOptions{}, false},
		{"another certificate under roots that were given", issuer, nil, ImportOptions{Roots: PinnedRoots()}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			certificate, ok := readCertificate(tt.cert)
			if !ok {
				t.Fatal("the certificate can't be read")
			}
			if got := vouchedFor(certificate, tt.chain, tt.o); got != tt.want {
				t.Errorf("vouchedFor = %v, want %v", got, tt.want)
			}
		})
	}
}

func encodedCertificate(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("roots", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%s is no PEM", name)
	}
	return base64.StdEncoding.EncodeToString(block.Bytes)
}
