package graph_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

// loginError is the answer of the authority to a sign-in that it refuses.
func loginError(description string) func(url.Values) (int, any) {
	return func(url.Values) (int, any) {
		return http.StatusUnauthorized, map[string]any{
			"error": "invalid_client", "error_description": description + " Trace ID: 1 Correlation ID: 2 Timestamp: 2026-01-01 00:00:00Z",
		}
	}
}

func TestConnectFails(t *testing.T) {
	tests := []struct {
		name   string
		fake   func(*fake)
		option func(*graph.Options)
		want   []string
	}{
		{"wrong secret", func(f *fake) {
			f.token = loginError("AADSTS7000215: Invalid client secret provided: " + secret + ".")
		}, nil, []string{"AADSTS7000215: Invalid client secret provided: [redacted].", "hint: the client secret is wrong"}},
		{"unknown application", func(f *fake) { f.token = loginError("AADSTS700016: Application not found.") }, nil, []string{"AADSTS700016", "doesn't know the application"}},
		{"unknown tenant", func(f *fake) { f.token = loginError("AADSTS90002: Tenant not found.") }, nil, []string{"AADSTS90002", "check its id and its cloud"}},
		{"conditional access", func(f *fake) { f.token = loginError("AADSTS53003: Blocked.") }, nil, []string{"AADSTS53003", "conditional access"}},
		{"expired secret", func(f *fake) { f.token = loginError("AADSTS7000222: Expired keys.") }, nil, []string{"AADSTS7000222", "make a new one"}},
		{"Graph not consented", func(f *fake) { f.token = loginError("AADSTS65001: Not consented.") }, nil, []string{"AADSTS65001", "nobody has consented"}},
		{"certificate unknown", func(f *fake) { f.token = loginError("AADSTS700027: The certificate is not registered.") }, nil, []string{"AADSTS700027", "registered with the application"}},
		{"federation", func(f *fake) { f.token = loginError("AADSTS700213: No matching federated identity record.") }, nil, []string{"AADSTS700213", "issuer, subject and audience"}},
		{"second factor", func(f *fake) { f.token = loginError("AADSTS50076: MFA.") }, nil, []string{"AADSTS50076", "second factor"}},
		{"no hint", func(f *fake) { f.token = loginError("AADSTS123456: Something.") }, nil, []string{"AADSTS123456: Something."}},
		{"another error", func(f *fake) {
			f.token = func(url.Values) (int, any) { return http.StatusTeapot, "no" }
		}, nil, []string{"status 418", "check the login host"}},
		{"foreign tenant", func(f *fake) { f.claims["tid"] = "11111111-2222-4333-8444-555555555555" }, nil, []string{"is of tenant 11111111-2222-4333-8444-555555555555", "check the tenant's id"}},
		{"no tenant", func(f *fake) { f.claims["tid"] = "" }, nil, []string{"none (the token has no tid)"}},
		{"expired token", func(f *fake) { f.claims["exp"] = f.now.Unix() }, nil, []string{"the token expired at", "clock"}},
		{"claims of another form", func(f *fake) { f.claims["roles"] = 7 }, nil, []string{"claims of another form"}},
		{"no JWT", func(f *fake) {
			f.token = func(url.Values) (int, any) {
				return http.StatusOK, map[string]any{"access_token": "opaque-token", "expires_in": 3600, "token_type": "Bearer"}
			}
		}, nil, []string{"is not a JWT"}},
		{"empty token", func(f *fake) {
			f.token = func(url.Values) (int, any) {
				return http.StatusOK, map[string]any{"access_token": "", "expires_in": 3600, "token_type": "Bearer"}
			}
		}, nil, []string{"signing in to tenant " + tenantID}},
		{"untrusted authority", nil, func(o *graph.Options) { o.CA = nil }, []string{"certificate signed by unknown authority", "ca_file"}},
		{"no secret", nil, func(o *graph.Options) { o.Auth.Secret = "" }, []string{"the client secret is missing; the method client_secret needs it"}},
		{"unknown method", nil, func(o *graph.Options) { o.Auth.Method = "password" }, []string{`the method "password" is unknown`, "managed_identity"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			if tt.fake != nil {
				tt.fake(f)
			}
			options := f.options(t)
			if tt.option != nil {
				tt.option(&options)
			}
			client, err := graph.Connect(t.Context(), options)
			var auth *collectors.AuthError
			if client != nil || !errors.As(err, &auth) {
				t.Fatalf("Connect() = %v, %v, want an AuthError", client, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Connect() = %q, want it to say %q", err, want)
				}
			}
			for _, token := range append(f.issued, secret, "Trace ID", "opaque-token") {
				if strings.Contains(err.Error(), token) {
					t.Errorf("Connect() = %q, which repeats %q", err, token)
				}
			}
		})
	}
}

func TestConnectUnreachable(t *testing.T) {
	f := newFake(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "https://" + listener.Addr().String()
	_ = listener.Close()
	options := f.options(t)
	options.Cloud.Login = address
	_, err = graph.Connect(t.Context(), options)
	var auth *collectors.AuthError
	if !errors.As(err, &auth) || !strings.Contains(err.Error(), "reaching the login host "+address) || !strings.Contains(err.Error(), "check the network") {
		t.Errorf("Connect() = %v, want an AuthError that names %s", err, address)
	}
	if len(f.sleeps) != 0 {
		t.Errorf("waited %v for a host where nobody listens", f.sleeps)
	}
}

func TestConnectRefusesOptions(t *testing.T) {
	f := newFake(t)
	tests := []struct {
		name   string
		change func(*graph.Options)
		want   string
	}{
		{"tenant", func(o *graph.Options) { o.TenantID = "" }, "the tenant's id is missing"},
		{"cloud", func(o *graph.Options) { o.Cloud = graph.Cloud{} }, "the cloud is missing"},
		{"clock", func(o *graph.Options) { o.Now = nil }, "the clock is missing"},
		{"authorities", func(o *graph.Options) { o.CA = []byte("none") }, "ca_file holds no certificate"},
		{"proxy", func(o *graph.Options) { o.Proxy = "http://user:hidden@:%zz" }, "the proxy is no URL"},
		{"proxy's scheme", func(o *graph.Options) { o.Proxy = "ftp://user:hidden@host" }, `scheme "ftp" is unknown`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			options := f.options(t)
			tt.change(&options)
			_, err := graph.Connect(t.Context(), options)
			var auth *collectors.AuthError
			if err == nil || errors.As(err, &auth) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Connect() = %v, want a plain error that says %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("Connect() = %q, which repeats the proxy's password", err)
			}
		})
	}
}

func TestConnectCancelled(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := graph.Connect(ctx, f.options(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Connect() = %v, want %v", err, context.Canceled)
	}
}

func TestLoginWaits(t *testing.T) {
	f := newFake(t)
	n := 0
	issue := f.token
	f.token = func(form url.Values) (int, any) {
		if n++; n < 3 {
			return http.StatusServiceUnavailable, map[string]any{}
		}
		return issue(form)
	}
	f.connect(t)
	if want := []time.Duration{time.Second, 2 * time.Second}; !cmp.Equal(f.sleeps, want) {
		t.Errorf("waited %v, want %v", f.sleeps, want)
	}
	if len(f.record) != 0 {
		t.Errorf("recorded %v, want no sign-ins", f.record)
	}
}

func TestReaderAndGranted(t *testing.T) {
	f := newFake(t)
	issue := f.token
	f.token = func(form url.Values) (int, any) {
		f.claims = map[string]any{}
		switch scope, _, _ := strings.Cut(form.Get("scope"), " "); {
		case strings.HasSuffix(scope, "/xdr/.default"):
			f.claims = map[string]any{"roles": nil, "scp": "Incident.Read User.Read.All"}
		case strings.HasSuffix(scope, "/arm/.default"):
			f.claims = map[string]any{"roles": nil}
		}
		return issue(form)
	}
	client := f.connect(t)
	tests := []struct {
		api  collectors.API
		want []string
	}{
		{collectors.Graph, []string{"Application.Read.All", "User.Read.All"}},
		{collectors.XDR, []string{"Incident.Read", "User.Read.All"}},
		{collectors.ARM, []string{}},
	}
	for _, tt := range tests {
		got, err := client.Granted(t.Context(), tt.api)
		if err != nil || !cmp.Equal(got, tt.want) {
			t.Errorf("Granted(%s) = %v, %v, want %v", tt.api, got, err, tt.want)
		}
	}
	want := evidence.Reader{
		TenantID: tenantID, AppID: clientID,
		Roles:  []string{"Application.Read.All", "User.Read.All"},
		Scopes: []string{"Incident.Read", "User.Read.All"},
	}
	if diff := cmp.Diff(want, client.Reader()); diff != "" {
		t.Errorf("Reader() differs (-want +got):\n%s", diff)
	}
	var scopes []string
	for _, form := range f.logins {
		scope, _, _ := strings.Cut(form.Get("scope"), " ")
		scopes = append(scopes, strings.TrimPrefix(scope, f.server.URL))
	}
	if want := []string{"/.default", "/xdr/.default", "/arm/.default"}; !slices.Equal(scopes, want) {
		t.Errorf("asked for tokens of %v, want %v", scopes, want)
	}
}

func TestOtherAPIsTokens(t *testing.T) {
	tests := []struct {
		name       string
		token      func(*fake) func(url.Values) (int, any)
		wantReason evidence.Reason
		wantCode   string
		wantAuth   bool
	}{
		{"not in the tenant", func(*fake) func(url.Values) (int, any) {
			return loginError("AADSTS500011: The resource principal was not found.")
		}, evidence.NoPermission, "AADSTS500011", false},
		{"not consented", func(*fake) func(url.Values) (int, any) { return loginError("AADSTS65001: No consent.") }, evidence.NoPermission, "AADSTS65001", false},
		{"another error", func(*fake) func(url.Values) (int, any) { return loginError("AADSTS50000: Issue.") }, evidence.ServiceError, "AADSTS50000", false},
		{"expired", func(f *fake) func(url.Values) (int, any) {
			return func(form url.Values) (int, any) {
				f.claims["exp"] = 1
				return http.StatusOK, f.issue(form)
			}
		}, evidence.ServiceError, "", false},
		{"foreign tenant", func(f *fake) func(url.Values) (int, any) {
			return func(form url.Values) (int, any) {
				f.claims["tid"] = "foreign"
				return http.StatusOK, f.issue(form)
			}
		}, "", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			client := f.connect(t)
			f.token = tt.token(f)
			_, err := client.Get(t.Context(), collectors.Request{API: collectors.MDE, Path: "api/machines"})
			var refusal *collectors.RefusalError
			var auth *collectors.AuthError
			switch {
			case tt.wantAuth:
				if !errors.As(err, &auth) {
					t.Errorf("Get() = %v, want an AuthError", err)
				}
			case !errors.As(err, &refusal):
				t.Errorf("Get() = %v, want a RefusalError", err)
			case refusal.Reason != tt.wantReason || refusal.Code != tt.wantCode:
				t.Errorf("Get() = %+v, want reason %s and code %q", refusal, tt.wantReason, tt.wantCode)
			}
			if len(f.calls) != 0 || len(f.record) != 0 {
				t.Errorf("sent %v and recorded %v without a token", f.calls, f.record)
			}
		})
	}
}

func TestOtherAPIsLoginUnreachable(t *testing.T) {
	f := newFake(t)
	client := f.connect(t)
	f.server.Close()
	_, err := client.Get(t.Context(), collectors.Request{API: collectors.MDE, Path: "api/machines"})
	var refusal *collectors.RefusalError
	if !errors.As(err, &refusal) || refusal.Reason != evidence.Unreachable || !strings.Contains(err.Error(), "reaching the login host") {
		t.Errorf("Get() = %v, want a RefusalError with reason %s", err, evidence.Unreachable)
	}
}
