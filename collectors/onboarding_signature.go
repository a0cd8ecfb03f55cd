package collectors

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"path"
	"slices"
)

//go:embed roots/*.pem
var rootFiles embed.FS

// packageSigner is the name in the certificates that sign onboarding packages, seen in
// packages of 2022 and of 2024. Under the pinned roots no other name is accepted: they
// vouch for many keys of Microsoft's that sign other things.
const packageSigner = "Seville.Windows.com"

// Sizes of RSA keys in bits. Microsoft signs packages with 2048; larger keys are accepted
// as far as a check of them stays cheap.
const (
	minSignerBits = 2048
	maxSignerBits = 4096
)

// pinnedRoot is a root certificate of this package, by file and SHA-256 fingerprint.
type pinnedRoot struct {
	file        string
	fingerprint string
}

// pinnedRoots are the roots that are trusted to vouch for onboarding packages. The
// certificates that packages were seen with lead over Microsoft Secure Server CA 2011 to
// Microsoft Root Certificate Authority 2011; its sibling of 2010 is pinned for issuers
// to come. Microsoft's roots of 2017 are not: they stand behind public web servers, and no
// package is known to lead to them. The certificates' serial numbers are those that Microsoft lists at
// https://learn.microsoft.com/troubleshoot/windows-server/certificates-and-public-key-infrastructure-pki/trusted-root-certificates-are-required
// and their SHA-1 thumbprints those of every Windows.
func pinnedRoots() []pinnedRoot {
	return []pinnedRoot{
		{"microsoft-root-2010.pem", "df545bf919a2439c36983b54cdfc903dfa4f37d3996d8d84b4c31eec6f3c163e"},
		{"microsoft-root-2011.pem", "847df6a78497943f27fc72eb93f9a637320a02b561d0a91b09e87a7807ed7c61"},
	}
}

// PinnedRoots returns the root certificates that are trusted to vouch for onboarding
// packages unless ImportOptions.Roots says otherwise: Microsoft Root Certificate
// Authority 2010 and 2011. A file that isn't the certificate whose fingerprint is pinned
// is left out.
func PinnedRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, root := range pinnedRoots() {
		data, err := rootFiles.ReadFile(path.Join("roots", root.file))
		if err != nil {
			continue
		}
		block, _ := pem.Decode(data)
		if block == nil {
			continue
		}
		sum := sha256.Sum256(block.Bytes)
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || hex.EncodeToString(sum[:]) != root.fingerprint {
			continue
		}
		pool.AddCert(certificate)
	}
	return pool
}

// packageCheck is the outcome of a package's check and the certificate that signed it,
// nil when it could not be read.
type packageCheck struct {
	outcome string
	leaf    *x509.Certificate
}

// checkPackage judges a package's signature: RSA PKCS #1 v1.5 with SHA-256 over the
// body's UTF-8 bytes. Windows' CryptoAPI writes the signature with its last byte first
// (https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-cryptsignhasha), so
// it is reversed before it is checked, and taken in no other order.
func checkPackage(p signedPackage, o ImportOptions) packageCheck {
	leaf, ok := readCertificate(p.cert)
	if !ok {
		return packageCheck{outcome: signatureInvalid}
	}
	check := packageCheck{outcome: signatureInvalid, leaf: leaf}
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minSignerBits || key.N.BitLen() > maxSignerBits {
		return check
	}
	signature, err := base64.StdEncoding.DecodeString(p.sha256sig)
	if err != nil || len(signature) != key.Size() {
		return check
	}
	slices.Reverse(signature)
	sum := sha256.Sum256([]byte(p.body))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil {
		return check
	}
	check.outcome = signatureUnknownIssuer
	if vouchedFor(leaf, p.chain, o) {
		check.outcome = signatureValid
	}
	return check
}

// vouchedFor tells whether a trusted root vouches for the leaf. The leaf lives a year and
// packages are kept for longer, so the chain is judged at the moment from which the leaf
// was valid. A certificate of the chain that can't be read vouches for nothing.
func vouchedFor(leaf *x509.Certificate, chain []string, o ImportOptions) bool {
	options := x509.VerifyOptions{
		Roots:         o.Roots,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   leaf.NotBefore,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	if options.Roots == nil {
		options.Roots = PinnedRoots()
		options.DNSName = packageSigner
	}
	for _, encoded := range chain {
		if certificate, ok := readCertificate(encoded); ok && !bytes.Equal(certificate.Raw, leaf.Raw) {
			options.Intermediates.AddCert(certificate)
		}
	}
	_, err := leaf.Verify(options)
	return err == nil
}

func readCertificate(encoded string) (*x509.Certificate, bool) {
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, false
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, err == nil
}
