package graph_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/graph"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// certificate makes a self-signed certificate and its key, as one PEM file.
func certificate(t *testing.T, expires time.Time) ([]byte, *rsa.PublicKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "scanner"},
		NotBefore: expires.AddDate(-1, 0, 0), NotAfter: expires,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), &key.PublicKey
}

func TestClientSecret(t *testing.T) {
	f := newFake(t)
	f.connect(t)
	form := f.logins[0]
	for key, want := range map[string]string{"grant_type": "client_credentials", "client_id": clientID, "client_secret": secret} {
		if got := form.Get(key); got != want {
			t.Errorf("signed in with %s %q, want %q", key, got, want)
		}
	}
	if !strings.Contains(form.Get("claims"), "CP1") {
		t.Errorf("signed in with the claims %q, want those of continuous access evaluation", form.Get("claims"))
	}
}

func TestCertificate(t *testing.T) {
	f := newFake(t)
	file, public := certificate(t, f.now.AddDate(0, 1, 0))
	f.connect(t, func(o *graph.Options) {
		o.Auth = graph.Auth{Method: graph.Certificate, ClientID: clientID, Certificate: file}
	})
	form := f.logins[0]
	if got := form.Get("client_assertion_type"); got != jwtBearer {
		t.Errorf("signed in with the assertion type %q, want %q", got, jwtBearer)
	}
	parts := strings.Split(form.Get("client_assertion"), ".")
	if len(parts) != 3 {
		t.Fatalf("the assertion has %d parts", len(parts))
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, nil) != nil && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) != nil {
		t.Error("the assertion isn't signed with the certificate's key")
	}
}

func TestCertificateRefused(t *testing.T) {
	f := newFake(t)
	expired, _ := certificate(t, f.now.Add(-time.Hour))
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"expired", expired, "the certificate expired on " + f.now.Add(-time.Hour).Format(time.DateOnly)},
		{"no key", expired[:strings.Index(string(expired), "-----BEGIN PRIVATE")], "found no private key"},
		{"garbage", []byte("garbage"), "reading the certificate"},
		{"none", nil, "the certificate is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			options := f.options(t)
			options.Auth = graph.Auth{Method: graph.Certificate, ClientID: clientID, Certificate: tt.file}
			_, err := graph.Connect(t.Context(), options)
			var auth *collectors.AuthError
			if !errors.As(err, &auth) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Connect() = %v, want an AuthError that says %q", err, tt.want)
			}
		})
	}
}

// TestManagedIdentity stands in for the end point that Azure App Service gives to an
// app with an identity.
func TestManagedIdentity(t *testing.T) {
	for _, id := range []string{"", clientID} {
		t.Run("client id "+id, func(t *testing.T) {
			f := newFake(t)
			var asked http.Header
			var resource, client string
			identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked, resource, client = r.Header, r.URL.Query().Get("resource"), r.URL.Query().Get("client_id")
				token := f.issue(map[string][]string{"scope": {resource + "/.default"}, "grant_type": {"client_credentials"}})
				reply(w, http.StatusOK, map[string]any{
					"access_token": token["access_token"], "token_type": "Bearer", "resource": resource,
					"expires_on": fmt.Sprint(f.now.Add(time.Hour).Unix()),
				})
			}))
			defer identity.Close()
			t.Setenv("IDENTITY_ENDPOINT", identity.URL)
			t.Setenv("IDENTITY_HEADER", "header")
			c := f.connect(t, func(o *graph.Options) { o.Auth = graph.Auth{Method: graph.ManagedIdentity, ClientID: id} })
			if asked.Get("X-Identity-Header") != "header" || resource != f.server.URL || client != id {
				t.Errorf("asked for %q as %q with the headers %v", resource, client, asked)
			}
			f.answers(says(http.StatusOK, `{}`))
			if _, err := c.Get(t.Context(), graphPath("organization")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDeviceCode(t *testing.T) {
	f := newFake(t)
	var prompt strings.Builder
	client := f.connect(t, func(o *graph.Options) {
		o.Auth = graph.Auth{Method: graph.DeviceCode, ClientID: clientID}
		o.Prompt = &prompt
	})
	if want := "To sign in, enter the code ABCD1234 [31m\n"; prompt.String() != want {
		t.Errorf("showed %q, want %q", prompt.String(), want)
	}
	if got := f.logins[0].Get("device_code"); got != "device" {
		t.Errorf("signed in with the device code %q", got)
	}
	// The 401 must not ask the person again.
	f.answers(says(http.StatusUnauthorized, ""))
	before := prompt.Len()
	_, err := client.Get(t.Context(), graphPath("me"))
	var auth *collectors.AuthError
	if !errors.As(err, &auth) || prompt.Len() != before {
		t.Errorf("Get() = %v after %q, want an AuthError and no other prompt", err, prompt.String())
	}
}

func TestDeviceCodeNeedsAPlaceToShow(t *testing.T) {
	f := newFake(t)
	options := f.options(t)
	options.Auth = graph.Auth{Method: graph.DeviceCode}
	if _, err := graph.Connect(t.Context(), options); err == nil || !strings.Contains(err.Error(), "a place to show the code is missing") {
		t.Errorf("Connect() = %v, want an error that names what is missing", err)
	}
}

// TestAzureCLI puts a command named az before the real one.
func TestAzureCLI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the az command is a shell script")
	}
	f := newFake(t)
	folder := t.TempDir()
	token, err := json.Marshal(map[string]any{
		"accessToken": f.issue(map[string][]string{"scope": {f.server.URL + "/.default"}})["access_token"],
		"expires_on":  f.now.Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s/calls\ncat <<'END'\n%s\nEND\n", folder, token)
	if err := os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	f.answers(says(http.StatusOK, `{}`))
	client := f.connect(t, func(o *graph.Options) { o.Auth = graph.Auth{Method: graph.AzureCLI} })
	for range 3 {
		if _, err := client.Get(t.Context(), graphPath("me")); err != nil {
			t.Fatal(err)
		}
	}
	calls, err := os.ReadFile(filepath.Join(folder, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "account get-access-token -o json --resource " + f.server.URL + " --tenant " + tenantID + "\n"; string(calls) != want {
		t.Errorf("ran az with %q, want once %q", calls, want)
	}
}

func TestAzureCLIFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the az command is a shell script")
	}
	f := newFake(t)
	folder := t.TempDir()
	script := "#!/bin/sh\necho 'ERROR: Please run az login to setup account.' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	options := f.options(t)
	options.Auth = graph.Auth{Method: graph.AzureCLI}
	_, err := graph.Connect(t.Context(), options)
	var auth *collectors.AuthError
	if !errors.As(err, &auth) || !strings.Contains(err.Error(), "az login") {
		t.Errorf("Connect() = %v, want an AuthError that says what az said", err)
	}
}

func TestAuthShowsNoSecret(t *testing.T) {
	auth := graph.Auth{
		Method: graph.ClientSecret, ClientID: clientID, Secret: "hidden", CertificatePassword: "hidden",
		SystemAccessToken: "hidden", Certificate: []byte("hidden"),
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		got := fmt.Sprintf(format, graph.Options{Auth: auth}.Auth) + fmt.Sprintf(format, auth)
		if strings.Contains(got, "hidden") || !strings.Contains(got, "client_secret as "+clientID) {
			t.Errorf("Sprintf(%q) = %s", format, got)
		}
	}
}
