package simulator_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// present is the time at which the tenants of these tests live.
var present = time.Date(2026, time.November, 20, 15, 4, 5, 0, time.UTC)

// visitor is a plain HTTP client of a started server that trusts its authority.
type visitor struct {
	*simulator.Server
	t      *testing.T
	tenant *simulator.Tenant
	client *http.Client
	token  string
}

// answer is a response with its body decoded.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func load(t *testing.T, fsys fs.FS, name string) *simulator.Tenant {
	t.Helper()
	tenant, err := simulator.Load(fsys, name, present)
	if err != nil {
		t.Fatalf("Load(%s): %v", name, err)
	}
	return tenant
}

// visit starts a built-in tenant and signs in to all of its APIs.
func visit(t *testing.T, name string) *visitor {
	t.Helper()
	return visitTenant(t, load(t, domicile.Tenants(), name))
}

// visitChanged starts a tenant that is good with the changes of a tenant.yaml that has no
// base line.
func visitChanged(t *testing.T, changes string) *visitor {
	t.Helper()
	return visitTenant(t, load(t, changed(t, "good", changes), "changed"))
}

// changed is the folder of built-in tenants with one more, named changed.
func changed(t *testing.T, base, changes string) fs.FS {
	t.Helper()
	files := fstest.MapFS{"changed/tenant.yaml": {Data: []byte("base: " + base + "\n" + changes)}}
	err := fs.WalkDir(domicile.Tenants(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(domicile.Tenants(), path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func visitTenant(t *testing.T, tenant *simulator.Tenant, change ...func(*simulator.Options)) *visitor {
	t.Helper()
	options := simulator.Options{Tenant: tenant, Now: present}
	for _, c := range change {
		c(&options)
	}
	server, err := simulator.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(server.CAPEM()) {
		t.Fatal("CAPEM() holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	v := &visitor{Server: server, t: t, tenant: tenant, client: &http.Client{Transport: transport, Timeout: 20 * time.Second}}
	v.token = v.signIn("/.default")
	return v
}

// signIn returns an access token for the scope, which is relative to the origin.
func (v *visitor) signIn(scope string) string {
	v.t.Helper()
	id, secret := v.tenant.Secret()
	got := v.post("/"+v.tenant.ID+"/oauth2/v2.0/token", form(id, secret, v.URL()+scope))
	token, _ := got.body["access_token"].(string)
	if got.status != http.StatusOK || token == "" {
		v.t.Fatalf("signing in for %s: %d %s", scope, got.status, got.raw)
	}
	return token
}

func form(id, secret, scope string) string {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret},
		"scope": {scope + " openid offline_access profile"},
	}.Encode()
}

// get reads a path, or a whole address that a nextLink gave.
func (v *visitor) get(path string, header ...string) answer {
	v.t.Helper()
	return v.send(http.MethodGet, path, "", header...)
}

func (v *visitor) post(path, body string, header ...string) answer {
	v.t.Helper()
	return v.send(http.MethodPost, path, body, header...)
}

// send sends a request with the visitor's token; header holds names and values.
func (v *visitor) send(method, path, body string, header ...string) answer {
	v.t.Helper()
	if !strings.HasPrefix(path, "https:") {
		path = v.URL() + path
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if v.token != "" {
		req.Header.Set("Authorization", "Bearer "+v.token)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	got := answer{status: res.StatusCode, header: res.Header}
	if got.raw, err = io.ReadAll(res.Body); err != nil {
		v.t.Fatal(err)
	}
	if res.Header.Get("Content-Encoding") == "gzip" {
		got.raw = unzip(v.t, got.raw)
	}
	_ = json.Unmarshal(got.raw, &got.body) // bodies that aren't JSON are looked at raw
	return got
}

func unzip(t *testing.T, data []byte) []byte {
	t.Helper()
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// values returns the objects of a collection's page.
func (a answer) values(t *testing.T) []map[string]any {
	t.Helper()
	list, ok := a.body["value"].([]any)
	if a.status != http.StatusOK || !ok {
		t.Fatalf("want a page, got %d %s", a.status, a.raw)
	}
	out := make([]map[string]any, len(list))
	for i, item := range list {
		out[i], _ = item.(map[string]any)
	}
	return out
}

// code returns the error code of an answer in the shape of Graph, Defender and Azure.
func (a answer) code() string {
	refusal, _ := a.body["error"].(map[string]any)
	code, _ := refusal["code"].(string)
	return code
}

// message returns the error message of such an answer.
func (a answer) message() string {
	refusal, _ := a.body["error"].(map[string]any)
	message, _ := refusal["message"].(string)
	return message
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
