package collectors_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
)

// TestPinnedRootsVouchForASeenSigner holds a certificate that signed packages of 2022 and
// its issuer, both public, against the pinned roots.
func TestPinnedRootsVouchForASeenSigner(t *testing.T) {
	leaf := readPEM(t, "seville-2022.pem")
	intermediates := x509.NewCertPool()
	intermediates.AddCert(readPEM(t, "secure-server-ca-2011.pem"))
	verify := func(roots *x509.CertPool) error {
		_, err := leaf.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: leaf.NotBefore, DNSName: "Seville.Windows.com",
		})
		return err
	}
	if err := verify(collectors.PinnedRoots()); err != nil {
		t.Errorf("the pinned roots don't vouch for the signer: %v", err)
	}
	if err := verify(x509.NewCertPool()); err == nil {
		t.Error("no root at all vouches for the signer")
	}
	if leaf.Issuer.CommonName != "Microsoft Secure Server CA 2011" {
		t.Errorf("issuer = %q", leaf.Issuer.CommonName)
	}
}

func readPEM(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("roots", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%s is no PEM", name)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestPinnedRoots(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("roots", "*.pem"))
	if err != nil || len(files) != 2 {
		t.Fatalf("roots = %v, %v; want two files", files, err)
	}
	want := x509.NewCertPool()
	for _, file := range files {
		want.AddCert(readPEM(t, filepath.Join("..", filepath.Base(file))))
	}
	if got := collectors.PinnedRoots(); !got.Equal(want) {
		t.Error("PinnedRoots are not the files of roots: a fingerprint differs")
	}
}
