package graph_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// host is a name that the certificate of httptest is good for and that only the proxy
// of these tests can reach.
const host = "https://example.com"

// proxyTo starts a proxy whose every tunnel ends at the server. It counts the tunnels
// and wants the credentials user:hidden if they are given.
func proxyTo(t *testing.T, server *httptest.Server, tunnels *atomic.Int32) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "example.com:443" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		far, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		tunnels.Add(1)
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(far, near)
			_ = far.Close()
		}()
		go func() {
			_, _ = io.Copy(near, far)
			_ = near.Close()
		}()
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

func throughProxy(t *testing.T, o *graph.Options) {
	t.Helper()
	cloud, err := graph.Custom("global", graph.Endpoints{Login: host, Graph: host})
	if err != nil {
		t.Fatal(err)
	}
	o.Cloud = cloud
}

func TestProxy(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusOK, `{}`))
	var tunnels atomic.Int32
	proxy := proxyTo(t, f.server, &tunnels)
	client := f.connect(t, func(o *graph.Options) {
		throughProxy(t, o)
		o.Proxy = strings.Replace(proxy, "http://", "http://user:hidden@", 1)
	})
	if _, err := client.Get(t.Context(), graphPath("organization")); err != nil {
		t.Fatal(err)
	}
	if tunnels.Load() == 0 || len(f.calls) != 1 || len(f.logins) != 1 {
		t.Errorf("%d tunnels, %d calls and %d sign-ins, want one call and one sign-in through a tunnel", tunnels.Load(), len(f.calls), len(f.logins))
	}
	if strings.Contains(fmt.Sprint(f.record), "hidden") {
		t.Errorf("recorded %v, which has the proxy's password", f.record)
	}
}

func TestProxyRefuses(t *testing.T) {
	f := newFake(t)
	var tunnels atomic.Int32
	options := f.options(t)
	// The proxy tunnels to example.com alone, and the fake is at 127.0.0.1.
	options.Proxy = strings.Replace(proxyTo(t, f.server, &tunnels), "http://", "http://user:hidden@", 1)
	_, err := graph.Connect(t.Context(), options)
	var auth *collectors.AuthError
	if !errors.As(err, &auth) || !strings.Contains(err.Error(), "Forbidden") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("Connect() = %v, want an AuthError that says what the proxy said", err)
	}
}

// TestProxyOfEnvironment starts this test program once more, since net/http reads the
// environment once.
func TestProxyOfEnvironment(t *testing.T) {
	if os.Getenv("GRAPH_TEST_CHILD") != "" {
		ca, err := os.ReadFile(os.Getenv("GRAPH_TEST_CHILD"))
		if err != nil {
			t.Fatal(err)
		}
		options := graph.Options{
			TenantID: tenantID, CA: ca, Now: time.Now,
			Auth: graph.Auth{Method: graph.ClientSecret, ClientID: clientID, Secret: secret},
		}
		throughProxy(t, &options)
		client, err := graph.Connect(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Get(t.Context(), graphPath("organization")); err != nil {
			t.Fatal(err)
		}
		return
	}
	f := newFake(t)
	f.answers(says(http.StatusOK, `{}`))
	var tunnels atomic.Int32
	proxy := proxyTo(t, f.server, &tunnels)
	file := t.TempDir() + "/ca.pem"
	if err := os.WriteFile(file, f.ca(), 0o600); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyOfEnvironment$", "-test.count=1")
	child.Env = append(os.Environ(), "GRAPH_TEST_CHILD="+file, "HTTPS_PROXY="+proxy, "NO_PROXY=")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	if tunnels.Load() == 0 || len(f.calls) != 1 {
		t.Errorf("%d tunnels and %d calls, want the call through a tunnel", tunnels.Load(), len(f.calls))
	}
}

func TestGuard(t *testing.T) {
	sent := 0
	wire := roundTripper(func(*http.Request) (*http.Response, error) {
		sent++
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Www-Authenticate": {"Bearer"}}, Body: http.NoBody}, nil
	})
	guarded := graph.NewGuard("https://graph.example:8443", "/v1.0/hunt", wire)
	tests := []struct {
		url, authorization string
		want               string
	}{
		{"https://graph.example:8443/v1.0/users", "Bearer token", ""},
		{"https://GRAPH.example:8443/v1.0/users", "Bearer token", ""},
		{"https://graph.example:8443/v1.0/users", "", "it has no access token"},
		{"https://graph.example:8443/v1.0/users", "Bearer ", "it has no access token"},
		{"https://graph.example:8443/v1.0/users", "Basic dXNlcg==", "it has no access token"},
		{"https://graph.example/v1.0/users", "Bearer token", "its host https://graph.example is not the configured end point"},
		{"https://graph.example:8444/v1.0/users", "Bearer token", "its host https://graph.example:8444 is not the configured end point"},
		{"http://graph.example:8443/v1.0/users", "Bearer token", "its host http://graph.example:8443 is not the configured end point"},
		{"https://graph.example.evil.example:8443/", "Bearer token", "is not the configured end point"},
		{"https://graph.example:8443@evil.example/", "Bearer token", "its host https://evil.example is not the configured end point"},
	}
	for _, tt := range tests {
		t.Run(tt.url+" "+tt.authorization, func(t *testing.T) {
			sent = 0
			req := httptest.NewRequest(http.MethodGet, tt.url, http.NoBody)
			if tt.authorization != "" {
				req.Header.Set("Authorization", tt.authorization)
			}
			resp, err := guarded.RoundTrip(req)
			if resp != nil {
				_ = resp.Body.Close()
			}
			switch {
			case tt.want == "":
				if err != nil || sent != 1 || resp.Header.Get("WWW-Authenticate") != "" {
					t.Errorf("RoundTrip() = %v, %d sent, want one sent", err, sent)
				}
			case err == nil || !strings.Contains(err.Error(), tt.want) || sent != 0:
				t.Errorf("RoundTrip() = %v, %d sent, want an error that says %q", err, sent, tt.want)
			}
		})
	}
}

// TestGuardRefusesWhatMayWrite: whatever the rest of the package does, nothing but GET
// and the one POST that reads leaves it.
func TestGuardRefusesWhatMayWrite(t *testing.T) {
	for method, path := range map[string]string{
		http.MethodPost: "/v1.0/users", http.MethodPatch: "/v1.0/hunt", http.MethodPut: "/v1.0/hunt",
		http.MethodDelete: "/v1.0/hunt", http.MethodHead: "/v1.0/users",
	} {
		guarded := graph.NewGuard("https://graph.example", "/v1.0/hunt", roundTripper(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s %s was sent", method, path)
			return nil, errors.New("sent")
		}))
		req := httptest.NewRequest(method, "https://graph.example"+path, http.NoBody)
		req.Header.Set("Authorization", "Bearer token")
		resp, err := guarded.RoundTrip(req)
		if resp != nil {
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "may write") {
			t.Errorf("RoundTrip(%s %s) = %v, want it refused", method, path, err)
		}
	}
}

// TestAHuntThatIsRedirectedPostsNowhereElse: a redirect must not turn the query into a
// POST to a path that writes.
func TestAHuntThatIsRedirectedPostsNowhereElse(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		f := newFake(t)
		f.api = says(status, "", "Location", "/v1.0/users")
		client := f.connect(t)
		_, err := client.Hunt(t.Context(), "print 1", "")
		var refusal *collectors.RefusalError
		if !errors.As(err, &refusal) || refusal.Reason != evidence.Invalid {
			t.Errorf("Hunt() redirected with %d = %v, want a RefusalError", status, err)
		}
		for _, call := range f.calls {
			if call.method != http.MethodGet && call.uri != "/v1.0/security/microsoft.graph.security.runHuntingQuery" {
				t.Errorf("after a %d %s %s was sent", status, call.method, call.uri)
			}
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRedirects(t *testing.T) {
	other := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was called with the headers %v", r.URL, r.Header)
	}))
	defer other.Close()
	f := newFake(t)
	var to string
	f.api = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1.0/there" {
			says(http.StatusOK, `{"id":"there"}`)(w, r)
			return
		}
		says(http.StatusTemporaryRedirect, "", "Location", to)(w, r)
	}
	client := f.connect(t)

	to = "/v1.0/there"
	if got, err := client.Get(t.Context(), graphPath("here")); err != nil || string(got.Body) != `{"id":"there"}` {
		t.Errorf("Get() = %s, %v, want the answer after the redirect on the same host", got.Body, err)
	}
	if f.calls[1].header.Get("Authorization") == "" {
		t.Error("the redirected request has no token")
	}
	for _, target := range []string{other.URL + "/v1.0/there", strings.Replace(f.server.URL, "https", "http", 1) + "/v1.0/there", "/v1.0/here"} {
		to = target
		_, err := client.Get(t.Context(), graphPath("here"))
		var refusal *collectors.RefusalError
		if !errors.As(err, &refusal) || refusal.Status != http.StatusTemporaryRedirect || refusal.Reason != evidence.Invalid {
			t.Errorf("Get() with a redirect to %s = %v, want a RefusalError", target, err)
		}
	}
}

// TestWhatIsNotAllowedStaysHere: a request that Options.Allow keeps back doesn't leave.
func TestWhatIsNotAllowedStaysHere(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusOK, `{"value":[]}`))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stopped := false
	client := f.connect(t, func(options *graph.Options) {
		options.Allow = func() error {
			if stopped {
				cancel()
				return errors.New("another has the job")
			}
			return nil
		}
	})
	if _, err := client.Get(ctx, graphPath("x")); err != nil {
		t.Fatal(err)
	}
	sent := len(f.calls)
	stopped = true
	if _, err := client.Get(ctx, graphPath("x")); err == nil || len(f.calls) != sent {
		t.Errorf("Get() = %v after %d more requests, want it kept back", err, len(f.calls)-sent)
	}
}
