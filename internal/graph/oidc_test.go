package graph_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/internal/graph"
)

func TestWorkloadIdentity(t *testing.T) {
	f := newFake(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("kubernetes-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.connect(t, func(o *graph.Options) {
		o.Auth = graph.Auth{Method: graph.WorkloadIdentity, ClientID: clientID, TokenFile: file}
	})
	if got := f.logins[0].Get("client_assertion"); got != "kubernetes-token" {
		t.Errorf("signed in with the assertion %q, want the file's", got)
	}
}

// gitHub serves the job's token from the fake, with the status given, and returns the
// environment of the job.
func gitHub(f *fake, status int, body string) func(string) string {
	f.answers(says(status, body))
	return func(name string) string {
		return map[string]string{
			"ACTIONS_ID_TOKEN_REQUEST_URL":   f.server.URL + "/token?api-version=2.0",
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-runner",
		}[name]
	}
}

func TestGitHubOIDC(t *testing.T) {
	for like, audience := range map[string]string{
		"global": "api://AzureADTokenExchange", "gcc": "api://AzureADTokenExchange",
		"gcchigh": "api://AzureADTokenExchangeUSGov", "dod": "api://AzureADTokenExchangeUSGov", "china": "api://AzureADTokenExchangeChina",
	} {
		t.Run(like, func(t *testing.T) {
			f := newFake(t)
			f.connect(t, func(o *graph.Options) {
				o.Cloud.Like = like
				o.Auth = graph.Auth{Method: graph.GitHubOIDC, ClientID: clientID, Getenv: gitHub(f, http.StatusOK, `{"value":"token-of-the-job"}`)}
			})
			if got := f.logins[0].Get("client_assertion"); got != "token-of-the-job" {
				t.Errorf("signed in with the assertion %q, want the job's", got)
			}
			call := f.calls[0]
			if call.header.Get("Authorization") != "Bearer bearer-of-the-runner" {
				t.Errorf("asked GitHub with %q", call.header.Get("Authorization"))
			}
			request := httptest.NewRequest(http.MethodGet, call.uri, http.NoBody)
			if got := request.URL.Query(); got.Get("audience") != audience || got.Get("api-version") != "2.0" {
				t.Errorf("asked GitHub for %v, want the audience %s", got, audience)
			}
		})
	}
}

func TestGitHubOIDCFails(t *testing.T) {
	f := newFake(t)
	tests := []struct {
		name   string
		getenv func() func(string) string
		want   string
	}{
		{"not in a job", func() func(string) string { return func(string) string { return "" } }, "permissions: id-token: write"},
		{"no https", func() func(string) string { return func(string) string { return "http://h" } }, "is no https URL"},
		{"unreachable", func() func(string) string { return func(string) string { return "https://127.0.0.1:1/token" } }, "asking GitHub for a token: dial tcp 127.0.0.1:1"},
		{"refused", func() func(string) string { return gitHub(f, http.StatusForbidden, "bearer-of-the-runner") }, "asking GitHub for a token: status 403"},
		{"no token", func() func(string) string { return gitHub(f, http.StatusOK, `{"value":""}`) }, "the answer holds none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			options := f.options(t)
			options.Auth = graph.Auth{Method: graph.GitHubOIDC, ClientID: clientID, Getenv: tt.getenv()}
			_, err := graph.Connect(t.Context(), options)
			var auth *collectors.AuthError
			if !errors.As(err, &auth) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "bearer-of-the-runner") {
				t.Errorf("Connect() = %v, want an AuthError that says %q", err, tt.want)
			}
		})
	}
}

func TestAzurePipelines(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusOK, `{"oidcToken":"token-of-the-pipeline"}`))
	t.Setenv("SYSTEM_OIDCREQUESTURI", f.server.URL+"/oidc")
	f.connect(t, func(o *graph.Options) {
		o.Auth = graph.Auth{Method: graph.AzurePipelines, ClientID: clientID, ServiceConnectionID: "connection", SystemAccessToken: "system-token"}
	})
	if got := f.logins[0].Get("client_assertion"); got != "token-of-the-pipeline" {
		t.Errorf("signed in with the assertion %q, want the pipeline's", got)
	}
	if call := f.calls[0]; !strings.Contains(call.uri, "serviceConnectionId=connection") || call.header.Get("Authorization") != "Bearer system-token" {
		t.Errorf("asked Azure Pipelines with %s %s", call.uri, call.header.Get("Authorization"))
	}
}
