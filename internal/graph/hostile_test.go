package graph_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// TestEchoedTokensStayInside: a service or a proxy that sends the token back, wherever in
// its answer, gets it into no error and no record.
func TestEchoedTokensStayInside(t *testing.T) {
	echo := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], strings.ReplaceAll(headers[i+1], "{}", token))
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(strings.ReplaceAll(body, "{}", token), "{host}", r.Host))
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"in the message", echo(403, odata("Denied", "The token Bearer {} is not enough."))},
		{"in the code", echo(403, odata("{}", "no"))},
		{"in the request's id", echo(403, odata("Denied", "no"), "request-id", "{}")},
		{"in the message of a 401", echo(401, odata("InvalidAuthenticationToken", "{}"))},
		{"in a redirect", echo(307, "", "Location", "https://{}.example/")},
		{"in the content type", echo(200, "<html>", "Content-Type", "text/{}")},
		{"in a link elsewhere", echo(200, `{"value":[],"@odata.nextLink":"https://{}.example/"}`)},
		{"in a link", echo(200, `{"value":[],"@odata.nextLink":"https://{host}/v1.0/users?access_token={}"}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.api = tt.handler
			var logged bytes.Buffer
			client := f.connect(t, func(o *graph.Options) { o.Log = slog.New(slog.NewJSONHandler(&logged, nil)) })
			got := list(t, client, graphPath("users"))
			if got.err == nil {
				t.Fatal("List() has no error")
			}
			said := fmt.Sprintf("%+v %v %+v %s", got.err, got.err, f.record, logged.String())
			var refusal *collectors.RefusalError
			if errors.As(got.err, &refusal) {
				said += fmt.Sprintf("%+v", *refusal)
			}
			for _, token := range f.issued {
				if part := strings.ToLower(token[:60]); strings.Contains(strings.ToLower(said), part) {
					t.Errorf("a token is in %s", said)
				}
			}
		})
	}
}

// TestAnAnswerThatBreaksOffIsInvalid over HTTP/2 and HTTP/1 alike: the service was there.
func TestAnAnswerThatBreaksOffIsInvalid(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2 %v", h2), func(t *testing.T) {
			f := newFake(t)
			f.server.Close()
			f.server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
			f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
			f.server.EnableHTTP2 = h2
			f.server.StartTLS()
			t.Cleanup(f.server.Close)
			f.api = func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"value":[{"id":"1"}`)
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			got := list(t, f.connect(t), graphPath("users"))
			var refusal *collectors.RefusalError
			if !errors.As(got.err, &refusal) || refusal.Reason != evidence.Invalid || refusal.Status != http.StatusOK {
				t.Errorf("List() = %v, want invalid with status 200", got.err)
			}
		})
	}
}

// TestTruncatedAtEveryByte: no beginning of a page is a page.
func TestTruncatedAtEveryByte(t *testing.T) {
	page := `{"@odata.count":2,"value":[{"id":"1","n":[1.5e3,null,true]},{"id":"\u00e4\"x"}],"@odata.nextLink":null}`
	for n := range len(page) {
		if _, _, _, err := graph.ParsePage([]byte(page[:n]), "@odata.nextLink", nil); err == nil {
			t.Errorf("%q is taken for a page", page[:n])
		}
		if err := graph.ValidJSON([]byte(page[:n])); err == nil {
			t.Errorf("%q is taken for JSON", page[:n])
		}
	}
}

// TestAGzipBombIsInvalid, and no more of it is read than the limit.
func TestAGzipBombIsInvalid(t *testing.T) {
	var bomb bytes.Buffer
	out := gzip.NewWriter(&bomb)
	_, _ = io.WriteString(out, `{"value":[`)
	if _, err := out.Write(bytes.Repeat([]byte(" "), 8<<20)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	f.api = says(http.StatusOK, bomb.String(), "Content-Encoding", "gzip")
	got := list(t, f.connect(t, func(o *graph.Options) { o.MaxBody = 1 << 20 }), graphPath("users"))
	var refusal *collectors.RefusalError
	if !errors.As(got.err, &refusal) || refusal.Reason != evidence.Invalid || len(f.calls) != 1 {
		t.Errorf("List() = %v after %d requests, want it refused at once", got.err, len(f.calls))
	}
}

// TestATokenOfAnotherTenantLater ends the collection, whichever refresh brings it.
func TestATokenOfAnotherTenantLater(t *testing.T) {
	for _, api := range []collectors.API{collectors.Graph, collectors.ARM} {
		f := newFake(t)
		f.api = says(http.StatusUnauthorized, odata("InvalidAuthenticationToken", "expired"), "WWW-Authenticate", "Bearer")
		f.token = func(form url.Values) (int, any) {
			if len(f.logins) > 1 {
				f.claims["tid"] = "99999999-0000-4000-8000-000000000001"
			}
			return http.StatusOK, f.issue(form)
		}
		_, err := f.connect(t).Get(t.Context(), collectors.Request{API: api, Path: "x"})
		var auth *collectors.AuthError
		if !errors.As(err, &auth) || !strings.Contains(err.Error(), "99999999-0000") {
			t.Errorf("Get() of %s = %v, want an AuthError that names the tenant", api, err)
		}
	}
}

// TestOddClaims: a token whose claims can't be what Microsoft issues is no sign-in.
func TestOddClaims(t *testing.T) {
	for name, value := range map[string]any{
		"roles": "User.Read.All", "tid": 7, "exp": "soon", "scp": []string{"x"},
	} {
		f := newFake(t)
		f.claims[name] = value
		_, err := graph.Connect(t.Context(), f.options(t))
		var auth *collectors.AuthError
		if !errors.As(err, &auth) || strings.Contains(err.Error(), "User.Read.All") {
			t.Errorf("Connect() with %s = %v: %v, want an AuthError", name, value, err)
		}
	}
}

// TestLongWaitsAreTold: nothing else says why the program stands still.
func TestLongWaitsAreTold(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusTooManyRequests, "", "Retry-After", "1"), says(http.StatusTooManyRequests, "", "Retry-After", "30"), says(http.StatusOK, `{}`))
	var logged bytes.Buffer
	client := f.connect(t, func(o *graph.Options) {
		o.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	if _, err := client.Get(t.Context(), graphPath("x")); err != nil {
		t.Fatal(err)
	}
	if strings.Count(logged.String(), "\n") != 1 || !strings.Contains(logged.String(), "duration=30s") {
		t.Errorf("logged %q, want the long wait alone", logged.String())
	}
}
