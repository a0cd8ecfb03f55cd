package collectors_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"
)

// packageBody is the signed text of every package in the tests.
const packageBody = `{"previousOrgIds":["0d3c5a77-0000-4000-8000-000000000030"],"orgId":"0d3c5a77-0000-4000-8000-000000000031",` +
	`"geoLocationUrl":"https://edr-neu.eu.endpoint.security.microsoft.com/edr/","datacenter":"NorthEurope","vortexGeoLocation":"EU",` +
	`"vortexTicketUrl":"https:\/\/events.data.microsoft.com?a=1\u0026b=2","partnerGeoLocation":"GW_EU","version":"1.7"}`

// authority is a self-made certificate authority with an intermediate and a leaf.
type authority struct {
	roots        *x509.CertPool
	intermediate []byte
	leaf         []byte
	key          *rsa.PrivateKey
}

// signedParts are the fields of a package.
type signedParts struct {
	Body      string   `json:"body"`
	Sig       string   `json:"sig"`
	SHA256Sig string   `json:"sha256sig,omitempty"`
	Cert      string   `json:"cert,omitempty"`
	Chain     []string `json:"chain"`
}

var (
	leafStart = time.Date(2024, 6, 16, 18, 23, 36, 0, time.UTC)
	leafEnd   = time.Date(2025, 6, 16, 18, 23, 36, 0, time.UTC)
)

// twoAuthorities makes two authorities of equal names once for all tests: keys are slow to make.
var twoAuthorities = sync.OnceValues(func() ([2]authority, error) {
	var made [2]authority
	for i := range made {
		var err error
		if made[i], err = newAuthority(2048); err != nil {
			return made, err
		}
	}
	return made, nil
})

func authorities(t testing.TB) (ours, foreign authority) {
	t.Helper()
	made, err := twoAuthorities()
	if err != nil {
		t.Fatal(err)
	}
	return made[0], made[1]
}

// newAuthority makes a root, an intermediate that has ended by now, and a leaf that has
// ended too, whose key has the given size.
func newAuthority(bits int) (authority, error) {
	template := func(serial int64, name string, from, to time.Time, ca bool) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: from, NotAfter: to, IsCA: ca, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
	}
	root := template(1, "Test Root", leafStart.AddDate(-10, 0, 0), leafEnd.AddDate(20, 0, 0), true)
	middle := template(2, "Test Secure Server CA", leafStart.AddDate(-9, 0, 0), leafEnd.AddDate(0, 3, 0), true)
	leaf := template(3, "Seville.Windows.com", leafStart, leafEnd, false)
	leaf.KeyUsage = x509.KeyUsageKeyEncipherment
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leaf.DNSNames = []string{"Seville.Windows.com"}
	keys := make([]*rsa.PrivateKey, 3)
	for i, size := range []int{2048, 2048, bits} {
		key, err := rsa.GenerateKey(rand.Reader, size)
		if err != nil {
			return authority{}, err
		}
		keys[i] = key
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, keys[0].Public(), keys[0])
	if err != nil {
		return authority{}, err
	}
	middleDER, err := x509.CreateCertificate(rand.Reader, middle, root, keys[1].Public(), keys[0])
	if err != nil {
		return authority{}, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, middle, keys[2].Public(), keys[1])
	if err != nil {
		return authority{}, err
	}
	parsed, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return authority{}, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return authority{roots: pool, intermediate: middleDER, leaf: leafDER, key: keys[2]}, nil
}

// sign signs packageBody as Microsoft does: the signature's last byte comes first.
func (a authority) sign(t testing.TB) signedParts {
	t.Helper()
	sum := sha256.Sum256([]byte(packageBody))
	signature, err := rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(signature)
	encode := base64.StdEncoding.EncodeToString
	return signedParts{
		Body: packageBody, Sig: encode([]byte("an older signature")), SHA256Sig: encode(signature),
		Cert: encode(a.leaf), Chain: []string{encode(a.intermediate)},
	}
}

func toJSON(t testing.TB, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
