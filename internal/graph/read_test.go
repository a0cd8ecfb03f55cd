package graph_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

func TestGet(t *testing.T) {
	tests := []struct {
		name    string
		request collectors.Request
		wantURI string
		headers map[string]string
	}{
		{
			"graph", graphPath("users?$select=id&$top=999"), "/v1.0/users?$select=id&$top=999",
			map[string]string{"Accept": "application/json", "X-Ms-Throttle-Priority": "low", "Consistencylevel": "", "User-Agent": "domicile/test", "Accept-Encoding": "gzip"},
		},
		{"leading slash", graphPath("/organization"), "/v1.0/organization", nil},
		{"beta", graphPath("beta/roleManagement/defender/roleAssignments"), "/beta/roleManagement/defender/roleAssignments", nil},
		{"count", graphPath("users?$count=true&$top=1"), "/v1.0/users?$count=true&$top=1", map[string]string{"Consistencylevel": "eventual"}},
		{"encoded count", graphPath("users?%24count=true"), "/v1.0/users?%24count=true", map[string]string{"Consistencylevel": "eventual"}},
		{"no count", graphPath("users?$count=false&$filter=a$count=true"), "/v1.0/users?$count=false&$filter=a$count=true", map[string]string{"Consistencylevel": ""}},
		{"characters", graphPath(`users?$filter=a eq 'ü"'&$x=%20`), "/v1.0/users?$filter=a%20eq%20'%C3%BC%22'&$x=%20", nil},
		{"xdr", collectors.Request{API: collectors.XDR, Path: "api/incidents"}, "/xdr/api/incidents", map[string]string{"X-Ms-Throttle-Priority": ""}},
		{"mde", collectors.Request{API: collectors.MDE, Path: "api/machines"}, "/mde/api/machines", nil},
		{"arm", collectors.Request{API: collectors.ARM, Path: "subscriptions?api-version=2022-12-01"}, "/arm/subscriptions?api-version=2022-12-01", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.answers(says(http.StatusOK, ` {"id": "1"} `, "request-id", "r-1"))
			client := f.connect(t, func(o *graph.Options) { o.UserAgent = "domicile/test" })
			got, err := client.Get(t.Context(), tt.request)
			if err != nil {
				t.Fatalf("Get() = %v", err)
			}
			want := collectors.Answer{Body: []byte(` {"id": "1"} `), Status: http.StatusOK, RequestID: "r-1"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Get() differs (-want +got):\n%s", diff)
			}
			call := f.calls[0]
			if call.method != http.MethodGet || call.uri != tt.wantURI {
				t.Errorf("sent %s %s, want GET %s", call.method, call.uri, tt.wantURI)
			}
			if got, want := call.header.Get("Authorization"), "Bearer "+f.issued[len(f.issued)-1]; got != want {
				t.Errorf("sent the token %q, want the last issued", got)
			}
			for name, want := range tt.headers {
				if got := call.header.Get(name); got != want {
					t.Errorf("sent %s: %q, want %q", name, got, want)
				}
			}
			wantRecord := []evidence.Request{{
				Time: f.now, Method: http.MethodGet, URL: f.server.URL + tt.wantURI, Status: http.StatusOK, RequestID: "r-1", Attempts: 1, Bytes: 13,
			}}
			if diff := cmp.Diff(wantRecord, f.record); diff != "" {
				t.Errorf("recorded differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGetNoContent(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusNoContent, "", "request-id", "r-1"))
	got, err := f.connect(t).Get(t.Context(), graphPath("x"))
	if want := (collectors.Answer{Status: http.StatusNoContent, RequestID: "r-1"}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("Get() = %v, %v, want %v", got, err, want)
	}
}

func TestGetRefused(t *testing.T) {
	long := strings.Repeat("ä", 600)
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   collectors.RefusalError
	}{
		{
			"no permission", says(http.StatusForbidden, odata("Authorization_RequestDenied", "Insufficient privileges to complete the operation."), "request-id", "r-1"),
			collectors.RefusalError{Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.", RequestID: "r-1"},
		},
		{
			"inner request id, control characters", says(http.StatusNotFound, odata("ResourceNotFound", "not\x1b[31m\r\nfound\u0085 here")),
			collectors.RefusalError{Status: 404, Code: "ResourceNotFound", Message: "not [31m found here", RequestID: "inner-id"},
		},
		{
			"long message", says(http.StatusBadRequest, odata("c", long)),
			collectors.RefusalError{Status: 400, Code: "c", Message: strings.Repeat("ä", 500) + "…", RequestID: "inner-id"},
		},
		{
			"no body", says(http.StatusForbidden, ""),
			collectors.RefusalError{Status: 403, Message: "Forbidden"},
		},
		{
			"HTML", says(http.StatusBadGateway, "<html><body>proxy</body></html>"),
			collectors.RefusalError{Status: 502, Message: "Bad Gateway"},
		},
		{
			"server error", says(http.StatusInternalServerError, odata("UnknownError", `{"Message":"no"}`)),
			collectors.RefusalError{Status: 500, Code: "UnknownError", Message: `{"Message":"no"}`, RequestID: "inner-id"},
		},
		{
			"redirect to another host", says(http.StatusFound, "", "Location", "https://elsewhere.example/users"),
			collectors.RefusalError{Status: 302, Message: "the service redirects to elsewhere.example, which is not followed; check the end point", Reason: evidence.Invalid},
		},
		{
			"HTML with 200", says(http.StatusOK, "<html>sign in</html>", "Content-Type", "text/html; charset=utf-8"),
			collectors.RefusalError{Status: 200, Message: "the answer (20 bytes of text/html) is not what was asked for: the JSON is broken at byte 0", Reason: evidence.Invalid},
		},
		{
			"empty", says(http.StatusOK, "", "Content-Type", ""),
			collectors.RefusalError{Status: 200, Message: "the answer (0 bytes of no stated type) is not what was asked for: the JSON ends too early", Reason: evidence.Invalid},
		},
		{
			"cut off", says(http.StatusOK, `{"id":"1`),
			collectors.RefusalError{Status: 200, Message: "the answer (8 bytes of application/json) is not what was asked for: the JSON ends too early", Reason: evidence.Invalid},
		},
		{
			"larger than is read", says(http.StatusOK, `"`+strings.Repeat("x", 2000)+`"`),
			collectors.RefusalError{Status: 200, Message: "the answer is larger than is read; ask for fewer objects a page", Reason: evidence.Invalid},
		},
		{
			"no gzip", says(http.StatusOK, `{"id":"not compressed"}`, "Content-Encoding", "gzip"),
			collectors.RefusalError{Status: 200, Message: "the answer is not the gzip that it claims to be", Reason: evidence.Invalid},
		},
		{
			"length not kept", says(http.StatusOK, `{"id":1}`, "Content-Length", "500"),
			collectors.RefusalError{Status: 200, Message: "the answer broke off", Reason: evidence.Invalid},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.answers(tt.answer)
			_, err := f.connect(t, func(o *graph.Options) { o.MaxBody = 1500 }).Get(t.Context(), graphPath("x"))
			var got *collectors.RefusalError
			if !errors.As(err, &got) {
				t.Fatalf("Get() = %v, want a RefusalError", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("Get() differs (-want +got):\n%s", diff)
			}
			if len(f.record) != 1 || f.record[0].Status != tt.want.Status {
				t.Errorf("recorded %+v, want one request with status %d", f.record, tt.want.Status)
			}
		})
	}
}

func TestGetNotInThisCloud(t *testing.T) {
	f := newFake(t)
	client := f.connect(t, func(o *graph.Options) { o.Cloud.XDR = graph.Endpoint{} })
	_, err := client.Get(t.Context(), collectors.Request{API: collectors.XDR, Path: "api/incidents"})
	var refusal *collectors.RefusalError
	if !errors.As(err, &refusal) || refusal.Reason != evidence.NotInThisCloud {
		t.Errorf("Get() = %v, want a RefusalError with reason %s", err, evidence.NotInThisCloud)
	}
	if got := list(t, client, collectors.Request{API: collectors.XDR, Path: "api/incidents"}); !errors.As(got.err, &refusal) || refusal.Reason != evidence.NotInThisCloud {
		t.Errorf("List() = %v, want a RefusalError with reason %s", got.err, evidence.NotInThisCloud)
	}
	if _, err := client.Granted(t.Context(), collectors.XDR); !errors.As(err, &refusal) || refusal.Reason != evidence.NotInThisCloud {
		t.Errorf("Granted() = %v, want a RefusalError with reason %s", err, evidence.NotInThisCloud)
	}
}

func TestHunt(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusOK, `{"schema":[],"results":[]}`, "request-id", "r-1"))
	client := f.connect(t)
	got, err := client.Hunt(t.Context(), `DeviceInfo | take 1 // "quoted"`, "P30D")
	if err != nil || string(got.Body) != `{"schema":[],"results":[]}` {
		t.Fatalf("Hunt() = %s, %v", got.Body, err)
	}
	call := f.calls[0]
	if call.method != http.MethodPost || call.uri != "/v1.0/security/microsoft.graph.security.runHuntingQuery" {
		t.Errorf("sent %s %s", call.method, call.uri)
	}
	if want := `{"query":"DeviceInfo | take 1 // \"quoted\"","timespan":"P30D"}`; call.body != want {
		t.Errorf("sent the body %s, want %s", call.body, want)
	}
	if call.header.Get("Content-Type") != "application/json" || call.header.Get("Authorization") == "" {
		t.Errorf("sent the headers %v", call.header)
	}
	if _, err := client.Hunt(t.Context(), "print 1", ""); err != nil {
		t.Fatal(err)
	}
	if want := `{"query":"print 1"}`; f.calls[1].body != want {
		t.Errorf("sent the body %s, want %s", f.calls[1].body, want)
	}
}

func TestHuntRetriesAndRefuses(t *testing.T) {
	f := newFake(t)
	f.answers(
		says(http.StatusTooManyRequests, "", "Retry-After", "5"),
		says(http.StatusUnauthorized, ""),
		says(http.StatusBadRequest, odata("BadRequest", "'IdentityInfo' could not be resolved"), "request-id", "r-2"),
	)
	_, err := f.connect(t).Hunt(t.Context(), "IdentityInfo", "P1D")
	want := &collectors.RefusalError{Status: 400, Code: "BadRequest", Message: "'IdentityInfo' could not be resolved", RequestID: "r-2"}
	var got *collectors.RefusalError
	if !errors.As(err, &got) || !cmp.Equal(got, want) {
		t.Errorf("Hunt() = %+v, want %+v", err, want)
	}
	for i, call := range f.calls {
		if call.body != `{"query":"IdentityInfo","timespan":"P1D"}` {
			t.Errorf("attempt %d sent the body %q", i+1, call.body)
		}
	}
	if len(f.record) != 1 || f.record[0].Method != http.MethodPost || f.record[0].Attempts != 3 {
		t.Errorf("recorded %+v, want one POST of three attempts", f.record)
	}
}

// TestNoSecrets looks for secrets in whatever leaves the package.
func TestNoSecrets(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusForbidden, `<html>denied</html>`))
	client := f.connect(t)
	_, err := client.Get(t.Context(), graphPath("users?$skiptoken=abc#"+secret))
	if err == nil {
		t.Fatal("Get() = nil, want an error")
	}
	var out strings.Builder
	out.WriteString(err.Error())
	for _, r := range f.record {
		out.WriteString(r.URL + r.RequestID)
	}
	for _, hidden := range append(f.issued, secret) {
		if strings.Contains(out.String(), hidden) {
			t.Errorf("%q is in %s", hidden, out.String())
		}
	}
	if u, err := url.Parse(f.record[0].URL); err != nil || u.RawQuery != "$skiptoken=abc" {
		t.Errorf("recorded %s, want its query", f.record[0].URL)
	}
}
