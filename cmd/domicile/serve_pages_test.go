package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writeCertificate writes server.pem and server.key of a certificate with a serial number.
func writeCertificate(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"server.pem": {Type: "CERTIFICATE", Bytes: certificate}, "server.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServeRereadsAccess: a token that was withdrawn ends at SIGHUP, and a new certificate is
// shown; what would be wrong with a new start is refused, and changes nothing.
func TestServeRereadsAccess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	configure := func(serve string, tokens ...string) {
		t.Helper()
		text := "version: 1\ntenants: [{name: contoso, id: 3f0c1d7e-0000-4000-8000-000000000001, cloud: global, auth: {method: azure_cli}}]\nserve:\n" + serve + "  tokens:\n"
		for _, token := range tokens {
			text += fmt.Sprintf("    - {name: %s, role: reader, sha256: %x}\n", token, sha256.Sum256([]byte(token)))
		}
		if err := os.WriteFile(filepath.Join(dir, "domicile.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const (
		signIn = "  sign_in: {issuer: \"https://login.contoso.com\", client_id: app, client_secret_env: SIGN_IN_SECRET, reader: [Reader]}\n"
		secure = "  tls: {cert_file: server.pem, key_file: server.key}\n"
	)
	writeCertificate(t, dir, 1)
	configure(signIn+secure, "one", "two")
	s := serveIn(t, dir, []string{"SIGN_IN_SECRET=hunter2"}, "--data", "kept", "--listen", "127.0.0.1:0")
	url, _ := s.await(t, "listening")["url"].(string)
	// Each request is a connection of its own.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	expect := func(step string, serial int64, tokens map[string]int) {
		t.Helper()
		for token, want := range tokens {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/tenants", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if got := answer.TLS.PeerCertificates[0].SerialNumber.Int64(); answer.StatusCode != want || got != serial {
				t.Errorf("%s: the token %s = %d with certificate %d, want %d with %d", step, token, answer.StatusCode, got, want, serial)
			}
		}
	}
	hangup := func(message string) string {
		t.Helper()
		if err := s.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		why, _ := s.await(t, message)["error"].(string)
		return why
	}
	before := map[string]int{"one": 200, "two": 200, "three": 401}
	expect("at first", 1, before)

	configure("  public_url: https://domicile.contoso.com\n"+signIn, "three")
	if why := hangup("the configuration is refused, and the one before goes on"); !strings.Contains(why, "serve.tls") {
		t.Errorf("without TLS it is refused because of %q", why)
	}
	expect("without TLS", 1, before)
	if err := os.WriteFile(filepath.Join(dir, "server.key"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	configure(signIn+secure, "three")
	if why := hangup("the configuration is refused, and the one before goes on"); !strings.Contains(why, "serve.tls") {
		t.Errorf("without a key it is refused because of %q", why)
	}
	expect("without a key", 1, before)

	writeCertificate(t, dir, 2)
	configure(signIn+secure, "two", "three")
	hangup("the configuration was read anew")
	expect("another certificate and other tokens", 2, map[string]int{"one": 401, "two": 200, "three": 200})
}
