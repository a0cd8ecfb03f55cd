package graph_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

const (
	tenantID = "3f0c1d7e-0000-4000-8000-000000000001"
	clientID = "8d1f0000-0000-4000-8000-000000000002"
	secret   = "s3cr3t-of-the-application"
)

// seen is a request that reached the fake.
type seen struct {
	method string
	uri    string
	header http.Header
	body   string
}

// fake is a login host and four APIs on one TLS server.
type fake struct {
	server *httptest.Server
	now    time.Time

	mu     sync.Mutex
	api    http.HandlerFunc
	token  func(form url.Values) (int, any)
	claims map[string]any
	logins []url.Values
	calls  []seen
	issued []string
	sleeps []time.Duration
	record []evidence.Request
}

func newFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{now: time.Now().UTC(), claims: map[string]any{}}
	f.token = func(form url.Values) (int, any) { return http.StatusOK, f.issue(form) }
	f.server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are part of the tests
	f.server.StartTLS()
	t.Cleanup(f.server.Close)
	return f
}

// issue makes the answer with a token for the first of the scopes asked for.
func (f *fake) issue(form url.Values) map[string]any {
	scope, _, _ := strings.Cut(form.Get("scope"), " ")
	claims := map[string]any{
		"tid": tenantID, "appid": clientID, "aud": scope, "roles": []string{"User.Read.All", "Application.Read.All"},
		"exp": f.now.Add(time.Hour).Unix(), "n": len(f.issued),
	}
	for key, value := range f.claims {
		claims[key] = value
	}
	token := jwt(claims)
	f.issued = append(f.issued, token)
	body := map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": token, "scope": scope}
	if form.Get("grant_type") != "client_credentials" {
		body["id_token"] = jwt(map[string]any{"tid": tenantID, "aud": clientID, "sub": "s", "oid": "o", "preferred_username": "p"})
		body["client_info"] = base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"o","utid":"` + tenantID + `"}`))
	}
	return body
}

func jwt(claims map[string]any) string {
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	return part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(claims) + ".c2lnbmF0dXJl"
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	base := "https://" + r.Host
	switch {
	case strings.HasSuffix(r.URL.Path, "/v2.0/.well-known/openid-configuration"):
		tenant := strings.Split(r.URL.Path, "/")[1]
		reply(w, http.StatusOK, map[string]any{
			"token_endpoint":                base + "/" + tenant + "/oauth2/v2.0/token",
			"authorization_endpoint":        base + "/" + tenant + "/oauth2/v2.0/authorize",
			"device_authorization_endpoint": base + "/" + tenant + "/oauth2/v2.0/devicecode",
			"issuer":                        base + "/" + tenant + "/v2.0",
		})
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/devicecode"):
		reply(w, http.StatusOK, map[string]any{
			"user_code": "ABCD1234", "device_code": "device", "verification_uri": "https://microsoft.com/devicelogin",
			"expires_in": 900, "interval": 1, "message": "To sign in, enter the code ABCD1234\x1b[31m",
		})
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		_ = r.ParseForm()
		f.mu.Lock()
		f.logins = append(f.logins, r.PostForm)
		status, body := f.token(r.PostForm)
		f.mu.Unlock()
		reply(w, status, body)
	default:
		data, _ := io.ReadAll(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			data = gunzip(data)
		}
		f.mu.Lock()
		f.calls = append(f.calls, seen{r.Method, r.RequestURI, r.Header.Clone(), string(data)})
		api := f.api
		f.mu.Unlock()
		if api == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		api(w, r)
	}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func gunzip(data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return []byte("not gzip: " + err.Error())
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return []byte("not gzip: " + err.Error())
	}
	return plain
}

// answers makes the API answer with the handlers one after the other, the last one for
// ever.
func (f *fake) answers(handlers ...http.HandlerFunc) {
	n := 0
	f.api = func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		handler := handlers[min(n, len(handlers)-1)]
		n++
		f.mu.Unlock()
		handler(w, r)
	}
}

// says is a handler with a status, a body and headers given as pairs.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (f *fake) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})
}

func (f *fake) cloud(t testing.TB) graph.Cloud {
	t.Helper()
	cloud, err := graph.Custom("global", graph.Endpoints{
		Login: f.server.URL, Graph: f.server.URL, XDR: f.server.URL + "/xdr",
		MDE: f.server.URL + "/mde/", ARM: f.server.URL + "/arm",
	})
	if err != nil {
		t.Fatal(err)
	}
	return cloud
}

func (f *fake) options(t testing.TB) graph.Options {
	t.Helper()
	return graph.Options{
		TenantID: tenantID, Cloud: f.cloud(t), CA: f.ca(),
		Auth:   graph.Auth{Method: graph.ClientSecret, ClientID: clientID, Secret: secret},
		Now:    func() time.Time { return f.now },
		Jitter: func() float64 { return 0 },
		Sleep: func(ctx context.Context, d time.Duration) error {
			if end, bounded := ctx.Deadline(); bounded && time.Until(end) < d+time.Minute {
				t.Error("a wait happens inside a time-out")
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.sleeps = append(f.sleeps, d)
			return ctx.Err()
		},
		Record: func(r evidence.Request) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.record = append(f.record, r)
		},
	}
}

// connect signs in to the fake; change, if any, alters the options before.
func (f *fake) connect(t *testing.T, change ...func(*graph.Options)) *graph.Client {
	t.Helper()
	options := f.options(t)
	for _, c := range change {
		c(&options)
	}
	client, err := graph.Connect(t.Context(), options)
	if err != nil {
		t.Fatalf("Connect() = %v", err)
	}
	t.Cleanup(client.Close)
	return client
}

// read is what a List gave: the objects of all pages, each page's count, and the error.
type read struct {
	objects []string
	pages   int
	counts  []int
	err     error
}

func list(t *testing.T, client *graph.Client, r collectors.Request) read {
	t.Helper()
	var got read
	for page, err := range client.List(t.Context(), r) {
		if err != nil {
			got.err = err
			continue
		}
		if got.err != nil {
			t.Error("a page after an error")
		}
		got.pages++
		got.counts = append(got.counts, page.Count)
		for _, object := range page.Objects {
			got.objects = append(got.objects, string(object))
		}
	}
	return got
}

func graphPath(path string) collectors.Request {
	return collectors.Request{API: collectors.Graph, Path: path}
}

// odata is the body of an error.
func odata(code, message string) string {
	body, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": code, "message": message, "innerError": map[string]string{"request-id": "inner-id"},
	}})
	if err != nil {
		panic(err)
	}
	return string(body)
}
