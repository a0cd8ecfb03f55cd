package scan_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
)

// TestARealCloudThroughAProxyThatLooksInside: a network whose proxy ends TLS with an
// authority of its own needs proxy and ca_file for Microsoft's own hosts, the one that
// says which authorities there are included.
func TestARealCloudThroughAProxyThatLooksInside(t *testing.T) {
	c := newCloud(t, answers)
	c.roles = map[string][]string{"graph.microsoft.com": {"User.Read.All"}}
	var mu sync.Mutex
	hosts := map[string]bool{}
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hosts[r.Host] = true
		mu.Unlock()
		switch {
		case strings.HasSuffix(r.URL.Path, "/discovery/instance"):
			login := "https://login.microsoftonline.com/" + tenantID
			send(w, map[string]any{"tenant_discovery_endpoint": login + "/v2.0/.well-known/openid-configuration", "metadata": []any{map[string]any{
				"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
			}}})
		case strings.HasPrefix(r.URL.Path, "/v1.0/"):
			r.URL.Path = "/graph" + r.URL.Path
			r.URL.RawQuery = "page=2"
			c.serve(w, r)
		default:
			c.serve(w, r)
		}
	}))
	authority, certificate := forged(t, "login.microsoftonline.com", "login.microsoft.com", "graph.microsoft.com")
	inside.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	inside.Config.ErrorLog = log.New(io.Discard, "", 0)
	inside.StartTLS()
	t.Cleanup(inside.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); user != "u" || password != secret {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		tunnel(w, inside.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)

	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	through := func(credentials string, lines ...string) *config.Tenant {
		write(config.FileName, "version: 1\ntenants:\n  - name: contoso\n    id: "+tenantID+"\n    cloud: global\n"+
			"    auth: {method: client_secret, client_id: app, client_secret_env: SECRET}\n"+
			"    proxy: "+strings.Replace(proxy.URL, "http://", "http://"+credentials+"@", 1)+"\n"+strings.Join(lines, ""))
		read, err := config.Read(filepath.Join(dir, config.FileName))
		if err != nil {
			t.Fatal(err)
		}
		return &read.Tenants[0]
	}
	write("ca.pem", authority)
	bundle := filepath.Join(dir, "bundle")
	manifest, err := scan.Collect(t.Context(), bundle, collection(through("u:"+secret, "    ca_file: ca.pem\n"), "users"))
	if err != nil {
		t.Fatal(err)
	}
	if gap, missing := manifest.GapOf("users"); missing || !hosts["graph.microsoft.com"] || !hosts["login.microsoftonline.com"] {
		t.Errorf("gap %+v, hosts %v, want the users read from Microsoft's hosts", gap, hosts)
	}
	if lines := requestsOf(t, bundle); !slices.ContainsFunc(lines, func(r evidence.Request) bool {
		return strings.HasPrefix(r.URL, "https://graph.microsoft.com/v1.0/users?")
	}) {
		t.Errorf("requests are %+v, want Microsoft's URL", lines)
	}
	for says, tenant := range map[string]*config.Tenant{
		"add its authority with ca_file": through("u:" + secret), "Proxy Authentication Required": through("u:wrong-password", "    ca_file: ca.pem\n"),
	} {
		_, err := scan.Collect(t.Context(), filepath.Join(dir, "other"), collection(tenant, "users"))
		if !isAuth(err) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "wrong-password") {
			t.Errorf("Collect() = %v, want a failed sign-in that says %q and no password", err, says)
		}
	}
}

// tunnel joins the connection of a CONNECT with another address.
func tunnel(w http.ResponseWriter, to string) {
	target, err := net.Dial("tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	// The answer is written after the connection was taken over: what the client sends then is
	// nobody else's to read.
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = target.Close()
		return
	}
	_, _ = io.WriteString(connection, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(target, buffered)
		_ = target.Close()
	}()
	_, _ = io.Copy(connection, target)
	_ = connection.Close()
}

// forged is an authority, and a certificate of it for hosts.
func forged(t *testing.T, hosts ...string) (authority string, certificate tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "proxy"}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
