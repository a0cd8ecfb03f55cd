package simulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// The authority's certificate and that of the server hold for any clock that a client
// may have, as a simulated tenant may be asked to live at another time.
var (
	authorityStart = time.Date(2010, time.January, 1, 0, 0, 0, 0, time.UTC)
	authorityEnd   = time.Date(2099, time.December, 31, 0, 0, 0, 0, time.UTC)
)

// authority is the certificate authority that a server makes when it starts. It vouches
// for the server and for the tenant's onboarding package.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the simulator's authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Simulated Authority"},
		NotBefore:             authorityStart,
		NotAfter:              authorityEnd,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the simulator's authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making the simulator's authority: %w", err)
	}
	return &authority{key: key, cert: cert}, nil
}

// pem returns the authority's certificate as a PEM block.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue signs a certificate for the key and returns its DER form.
func (a *authority) issue(template *x509.Certificate, key crypto.PublicKey) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
}

// server makes the certificate of a server that is reached by loopback and by host.
func (a *authority) server(host string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the simulator's certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "Simulated Microsoft cloud"},
		NotBefore:    authorityStart,
		NotAfter:     authorityEnd,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" && host != "localhost" {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := a.issue(template, key.Public())
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the simulator's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
